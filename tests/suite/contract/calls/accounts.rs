//! Signing up, users, and storage configs.

use avala_client::Avala;
use avala_client::types::{CreateStorageConfig, Signup};

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    let storage = avala.storage_configs();
    let of_acme = avala.storage_configs().organization("acme");
    let config = CreateStorageConfig::new("n", "aws_s3");
    let whole_config = config
        .clone()
        .s3_bucket_name("b")
        .s3_bucket_region("r")
        .s3_bucket_prefix("p")
        .s3_auth_method("access_key")
        .s3_role_arn("arn")
        .s3_access_key_id("k")
        .s3_secret_access_key("s")
        .s3_is_accelerated(true)
        .gc_storage_bucket_name("b")
        .gc_storage_prefix("p")
        .gc_storage_auth_json_content("{}");
    let signup = Signup::new("ada@example.com", "pass");
    vec![
        Case::new("signup.create", avala.signup().create(&signup))
            .complete(avala.signup().create(&signup.clone().first_name("Ada").last_name("L"))),
        Case::new("users.get_permissions", avala.users().get_permissions()),
        Case::new("users.me", avala.users().me()),
        Case::new("storage_configs.create", storage.create(&config)).complete(of_acme.create(&whole_config)),
        Case::new("storage_configs.delete", storage.delete(id("uid"))).complete(of_acme.delete(id("uid"))),
        Case::new("storage_configs.get", storage.get(id("uid"))).complete(of_acme.get(id("uid"))),
        Case::new("storage_configs.list", storage.list()).complete(paged(of_acme.list())),
        Case::new("storage_configs.setup_info", storage.setup_info()).complete(of_acme.setup_info()),
        Case::new("storage_configs.test", storage.test(id("uid"))).complete(of_acme.test(id("uid"))),
    ]
}
