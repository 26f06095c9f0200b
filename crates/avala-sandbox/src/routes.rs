//! The routes of the sandbox, as a router and as a list.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;

use crate::app::App;

/// A call that the sandbox serves: a method, and the template of a path below `/api/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, such as `/tasks/{uid}/`.
    pub path: &'static str,
}

/// The routes of a resource. Each is declared once, so that the router and the list cannot differ.
pub(crate) struct Routes {
    router: Router<App>,
    list: Vec<Route>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    pub(crate) fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(MethodFilter::GET, Method::GET, path, handler)
    }

    /// Adds a GET whose path is written differently for the router than in the contract.
    pub(crate) fn get_as<T: 'static>(
        mut self,
        path: &'static str,
        routed: &'static str,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.list.push(Route { method: Method::GET, path });
        Self { router: self.router.route(routed, on(MethodFilter::GET, handler)), list: self.list }
    }

    pub(crate) fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(MethodFilter::POST, Method::POST, path, handler)
    }

    pub(crate) fn put<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(MethodFilter::PUT, Method::PUT, path, handler)
    }

    pub(crate) fn patch<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(MethodFilter::PATCH, Method::PATCH, path, handler)
    }

    pub(crate) fn delete<T: 'static>(self, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(MethodFilter::DELETE, Method::DELETE, path, handler)
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        Self { router: self.router.merge(other.router), list: self.list }
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }

    pub(crate) fn into_list(self) -> Vec<Route> {
        self.list
    }

    fn add<T: 'static>(
        mut self,
        filter: MethodFilter,
        method: Method,
        path: &'static str,
        handler: impl Handler<T, App>,
    ) -> Self {
        self.list.push(Route { method, path });
        Self { router: self.router.route(path, on(filter, handler)), list: self.list }
    }
}
