//! Sign-ups: the only call without a key.

use avala_types::{OwnerName, Signup};
use axum::extract::State;

use crate::app::App;
use crate::error::{ApiError, Created, created};
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::routes::Routes;
use crate::schema::{SignupResponse, SignupUser};
use crate::state::tables::Tables;

/// Returns whether a call needs no key.
pub(crate) fn is_open(api_path: &str) -> bool {
    api_path == "/signup/"
}

const MIN_PASSWORD_LENGTH: usize = 8;

pub(crate) fn routes() -> Routes {
    Routes::new().post("/signup/", create)
}

async fn create(State(app): State<App>, body: JsonBody) -> Created<SignupResponse> {
    let payload: Signup = body.read(|fields| {
        fields.required("email", Kind::Email);
        fields.required("password", Kind::Text);
        for name in ["first_name", "last_name"] {
            fields.optional(name, Kind::Words);
        }
    })?;
    if payload.password.expose().chars().count() < MIN_PASSWORD_LENGTH {
        return Err(ApiError::field("password", "This password is too short. It must contain at least 8 characters."));
    }
    app.settings().documented_limits.take_signup()?;
    let mut tables = app.tables();
    if tables.accounts.with_email(&payload.email).is_ok() {
        return Err(ApiError::field("email", "A user with this email already exists."));
    }
    let name = free_name(&tables, &payload.email);
    let (first_name, last_name) = (payload.first_name.unwrap_or_default(), payload.last_name.unwrap_or_default());
    let user = tables.accounts.add(name.as_str(), &payload.email, &first_name, &last_name);
    let key = format!("avk_{}", user.uid);
    tables.accounts.give_key(&user.name, &key);

    let mut response = SignupUser::new(user.uid, user.name);
    response.email = Some(user.email);
    response.first_name = Some(user.first_name);
    response.last_name = Some(user.last_name);
    response.in_waitlist = Some(false);
    created(SignupResponse::new(response, key))
}

/// Returns a user name: the start of the email address, with a number if that name is taken.
fn free_name(tables: &Tables, email: &str) -> OwnerName {
    let base = email.split('@').next().unwrap_or_default().to_lowercase();
    let base: String = base.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered).map(OwnerName::from);
    names.find(|name| !tables.is_owner(name)).unwrap_or_else(|| base.into())
}
