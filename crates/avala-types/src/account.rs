//! Signup.

use crate::id::{OwnerName, UserUid};
use crate::model::{model, payload};
use crate::secret::Secret;

model! {
    /// A new account and its API key: the response to a [`Signup`].
    #[derive(Eq, Hash)]
    pub struct SignupResponse {
        required {
            /// Account.
            user: SignupUser,
            /// API key; the server does not show it again.
            api_key: Secret,
        }
        optional {}
    }
}

model! {
    /// User of a signup response.
    #[derive(Eq, Hash)]
    pub struct SignupUser {
        required {
            /// Unique identifier (UID).
            uid: UserUid,
            /// Owner name.
            username: OwnerName,
        }
        optional {
            /// Email address.
            email: Option<String>,
            /// First name.
            first_name: Option<String>,
            /// Last name.
            last_name: Option<String>,
            /// Whether the account is on the waiting list.
            in_waitlist: Option<bool>,
        }
    }
}

payload! {
    /// Payload that creates an account (`POST /signup/`), without an API key.
    #[derive(Eq, Hash)]
    pub struct Signup {
        required {
            /// Email address.
            email: String,
            /// Password.
            password: Secret,
        }
        optional {
            /// First name.
            first_name: String,
            /// Last name.
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
