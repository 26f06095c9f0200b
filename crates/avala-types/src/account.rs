//! Accounts: signing up.

use crate::model::{model, payload};
use crate::{OwnerName, Secret, UserUid};

model! {
    /// A new account with its key: the answer to a [`Signup`].
    #[derive(Eq, Hash)]
    pub struct SignupResponse {
        required {
            /// The account.
            user: SignupUser,
            /// Its API key; the server does not show it again.
            api_key: Secret,
        }
        optional {}
    }
}

model! {
    /// Who has signed up.
    #[derive(Eq, Hash)]
    pub struct SignupUser {
        required {
            /// Its identity.
            uid: UserUid,
            /// The name that it owns things under.
            username: OwnerName,
        }
        optional {
            /// Where it gets mail.
            email: Option<String>,
            /// The first name of the person.
            first_name: Option<String>,
            /// The last name of the person.
            last_name: Option<String>,
            /// Whether it must wait until it can be used.
            in_waitlist: Option<bool>,
        }
    }
}

payload! {
    /// A new account (`POST /signup/`), the only call without an API key.
    #[derive(Eq, Hash)]
    pub struct Signup {
        required {
            /// Where it gets mail.
            email: String,
            /// Its password.
            password: Secret,
        }
        optional {
            /// The first name of the person.
            first_name: String,
            /// The last name of the person.
            last_name: String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_key_nor_the_password_is_shown() {
        let response = SignupResponse::new(SignupUser::new("u1", "ada"), "avk_hidden");
        let signup = Signup::new("ada@example.com", "hidden");
        assert!(!format!("{response:?} {signup:?}").contains("hidden"));
        assert!(serde_json::to_string(&signup).unwrap().contains(r#""password":"hidden""#));
    }
}
