//! Filters of lists.

/// Declares the filters of a list: a marker type whose documentation lists them, and a method of the list for each.
///
/// Methods of [`List`](crate::List) for one marker are spread over its page, so the marker has the overview.
macro_rules! filters {
    (
        $(#[doc = $about:literal])+
        pub enum $filters:ident $(: $numbered:ident)? {
            $(
                #[doc = $summary:literal]
                fn $name:ident($self:ident, $argument:ident: $type:ty) $body:block
            )*
        }
    ) => {
        $(#[doc = $about])+
        ///
        /// Each one is a method of the list, and further calls of a method replace its value:
        ///
        $(#[doc = crate::filters::filters!(@page $numbered)])?
        $(#[doc = concat!("- `", stringify!($name), "`:", $summary)])*
        #[derive(Debug)]
        pub enum $filters {}

        $(impl crate::list::$numbered for $filters {})?

        impl<T> crate::list::List<T, $filters> {
            $(
                #[doc = $summary]
                pub fn $name($self, $argument: $type) -> Self $body
            )*
        }
    };
    (@page Numbered) => { "- `page`: Starts at this page; the first page is 1." };
}

pub(crate) use filters;
