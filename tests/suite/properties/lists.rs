//! Lists in every shape, and the cursors that lead through them.

use avala_types::{Cursor, CursorPage, Json, Task};
use proptest::prelude::*;

use super::cases;
use super::json_text::{json_text, spaces};

/// Returns the fields of a page in any order, each with spaces after it.
fn page_text(fields: Vec<String>) -> impl Strategy<Value = String> {
    let count = fields.len();
    (Just(fields).prop_shuffle(), prop::collection::vec(spaces(), count)).prop_map(|(fields, spaces)| {
        let spaced: Vec<_> =
            fields.iter().zip(&spaces).map(|(field, space)| format!("{space}{field}{space}")).collect();
        format!("{{{}}}", spaced.join(","))
    })
}

/// Returns a page of tasks: their UIDs, and the page in every shape.
fn every_shape() -> impl Strategy<Value = (Vec<String>, [String; 3])> {
    (prop::collection::vec("[a-z0-9]{1,8}", 0..6), json_text()).prop_flat_map(|(uids, newer)| {
        let tasks: Vec<_> = uids.iter().map(|uid| format!(r#"{{"uid":"{uid}"}}"#)).collect();
        let tasks = tasks.join(",");
        let field = |text: &str| text.to_owned();
        let results = format!(r#""results":[{tasks}]"#);
        let linked = vec![results.clone(), field(r#""next":null"#), field(r#""previous":null"#)];
        let counted = [&linked[..], &[format!(r#""count":{}"#, uids.len()), format!(r#""newer":{newer}"#)]].concat();
        let bare = format!("[{tasks}]");
        (Just(uids), page_text(linked), page_text(counted))
            .prop_map(move |(uids, linked, counted)| (uids, [linked, counted, bare.clone()]))
    })
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn every_shape_and_order_is_the_same_page((uids, shapes) in every_shape()) {
        let expected: Vec<_> = uids.iter().map(|uid| Task::new(uid.as_str())).collect();
        for shape in shapes {
            let page: CursorPage<Task> = serde_json::from_str(&shape).unwrap();
            prop_assert_eq!(&page.items, &expected, "{}", shape);
            prop_assert!(!page.has_more() && page.next_cursor.is_none() && page.previous_cursor.is_none());
            prop_assert!(page.count.is_none_or(|count| count == uids.len() as u64));
        }
    }

    #[test]
    fn any_cursor_value_comes_back_from_its_query(value in any::<String>()) {
        let cursor = Cursor::new(&value);
        let query: Vec<_> = form_urlencoded::parse(cursor.as_query().as_bytes()).collect();
        prop_assert_eq!(query.len(), 1);
        prop_assert_eq!((&*query[0].0, &*query[0].1), ("cursor", value.as_str()));
        // An empty link is not a cursor.
        prop_assert_eq!(cursor.to_string().parse::<Cursor>().ok(), (!value.is_empty()).then_some(cursor));
    }

    #[test]
    fn link_to_a_page_is_its_cursor(
        value in "[A-Za-z0-9_%=.-]{1,30}",
        filters in prop::collection::vec("[a-z_]{1,6}=[A-Za-z0-9%]{0,6}", 0..3),
        place in 0_usize..3,
    ) {
        let mut pairs = filters;
        pairs.insert(place.min(pairs.len()), format!("cursor={value}"));
        let query = pairs.join("&");
        let body = serde_json::json!({"results": [], "next": format!("https://api.avala.ai/api/v1/tasks/?{query}")});
        let page: CursorPage<Json> = serde_json::from_str(&body.to_string()).unwrap();
        let cursor = page.next_cursor.unwrap();
        prop_assert_eq!(cursor.as_query(), &query);
        prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
    }
}
