//! Paths, lists and checks that the calls of organizations share.

use avala_types::{OrganizationRole, OrganizationSlug, TeamSlug};
use axum::extract::Path;
use http::StatusCode;
use serde::Serializer;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::list::List;
use crate::response::Json;
use crate::schema::Page;
use crate::schema::wire::Wire;

/// Path of a team: the organization, and the team in it.
pub(super) type TeamPath = Path<(OrganizationSlug, TeamSlug)>;

/// A list of members: a page, or a bare array on some deployments.
pub(super) enum MemberList<V> {
    Page(Page<V>),
    Bare(Vec<V>),
}

impl<V: Wire> Wire for MemberList<V> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Page(page) => page.write(serializer),
            Self::Bare(list) => list.write(serializer),
        }
    }
}

impl<V: Clone> MemberList<V> {
    pub(super) fn response(
        app: &App,
        list: List<'_, V>,
        page: impl FnOnce(List<'_, V>) -> ApiResult<Page<V>>,
    ) -> ApiResult<Self> {
        if app.settings().bare_member_lists {
            return Ok(Json(Self::Bare(list.all(V::clone))));
        }
        page(list).map(|Json(page)| Json(Self::Page(page)))
    }
}

/// Rejects a change of the owner, of whom there is exactly one.
pub(super) fn check_not_owner(role: Option<&OrganizationRole>) -> Result<(), ApiError> {
    match role {
        Some(OrganizationRole::Owner) => {
            Err(ApiError::detail(StatusCode::BAD_REQUEST, "Transfer the ownership of the organization first."))
        }
        _ => Ok(()),
    }
}
