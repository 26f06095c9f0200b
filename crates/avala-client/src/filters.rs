//! Filters of lists, and of calls that return a part of something.

/// Declares the filters of a list, or of a call (`for Call`): a marker type whose documentation lists them, and a
/// method for each.
///
/// Methods of [`List`](crate::List) and [`Call`](crate::Call) for one marker are spread over their pages, so the marker
/// lists all of them.
macro_rules! filters {
    (
        $(#[doc = $about:literal])+
        pub enum $filters:ident $(: $numbered:ident)? $(for $filtered:ident)? {
            $(
                #[doc = $summary:literal]
                $(#[doc = $more:literal])*
                fn $name:ident($self:ident, $argument:ident: $type:ty) $body:block
            )*
        }
    ) => {
        $(#[doc = $about])+
        ///
        #[doc = crate::filters::filters!(@intro $($filtered)?)]
        ///
        $(#[doc = crate::filters::filters!(@page $numbered)])?
        $(#[doc = concat!("- `", stringify!($name), "`:", $summary)])*
        #[derive(Debug)]
        pub enum $filters {}

        $(impl crate::list::$numbered for $filters {})?

        impl<T> crate::filters::filters!(@type $filters $($filtered)?) {
            $(
                #[doc = $summary]
                $(#[doc = $more])*
                pub fn $name($self, $argument: $type) -> Self $body
            )*
        }
    };
    (@type $filters:ident) => { crate::list::List<T, $filters> };
    (@type $filters:ident Call) => { crate::call::Call<T, $filters> };
    (@intro) => { "Each one is a method of the list, and further calls of a method replace its value:" };
    (@intro Call) => { "Each one is a method of the call, and further calls of a method replace its value:" };
    (@page Numbered) => { "- `page`: Starts at this page; the first page is 1." };
}

pub(crate) use filters;
