//! Responses with fields and records of an unexpected form.

use avala_client::types::{Cursor, Json, Task};
use avala_client::{Error, ErrorKind};
use avala_transport::testing::{ScriptedService, Step};
use futures_util::StreamExt as _;

use super::bare;

fn text(body: impl Into<String>) -> Step {
    Step::respond(200).header("content-type", "application/json").body(body.into())
}

fn script<const N: usize>(steps: [Step; N]) -> ScriptedService {
    steps.into_iter().fold(ScriptedService::new(), ScriptedService::then)
}

/// Serves two pages; the record in the middle of the first one, and the last of the second one, have no identity.
fn two_pages() -> ScriptedService {
    script([
        text(
            r#"{"results":[{"uid":"a"},{"uid":null,"token":"hunter2"},{"uid":"c","name":7}],"next":"/tasks/?cursor=2"}"#,
        ),
        text(r#"{"results":[{"uid":"d"},{"name":"no uid"}],"next":null}"#),
    ])
}

fn path(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Decode);
    error.json_path().unwrap().to_owned()
}

#[tokio::test]
async fn invalid_record_is_an_error_in_its_position() {
    let mut items = bare(&two_pages()).tasks().list().items();
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(item.map(|task| task.uid.to_string()).map_err(|error| path(&error)));
        assert!(found.len() <= 5);
    }
    let ok = |uid: &str| Ok(uid.to_owned());
    let invalid = |path: &str| Err(path.to_owned());
    assert_eq!(found, [ok("a"), invalid("results[1].uid"), ok("c"), ok("d"), invalid("results[1]")]);
}

#[tokio::test]
async fn invalid_record_has_its_text_and_does_not_show_it() {
    let mut items = bare(&two_pages()).tasks().list().items();
    let error = items.by_ref().filter_map(|item| std::future::ready(item.err())).next().await.unwrap();
    assert_eq!(error.raw_record().unwrap().get(), r#"{"uid":null,"token":"hunter2"}"#);
    let shown = format!("{error} {error:?} {error:#?} {:?}", error.body());
    assert!(!shown.contains("hunter2") && shown.contains("results[1].uid"), "{shown}");
    assert!(error.to_string().contains("line 1 column"), "{error}");
    assert_eq!(items.cursor(), None, "the rest of the first page is left");
}

#[tokio::test]
async fn page_with_an_invalid_record_fails_and_the_next_follows() {
    let mut pages = bare(&two_pages()).tasks().list().pages();
    assert_eq!(path(&pages.next().await.unwrap().unwrap_err()), "results[1].uid");
    assert_eq!(pages.cursor(), Some(&Cursor::new("2")));
    assert_eq!(path(&pages.next().await.unwrap().unwrap_err()), "results[1]");
    assert!(pages.next().await.is_none());

    let error = bare(&two_pages()).tasks().list().await.unwrap_err();
    assert_eq!(path(&error), "results[1].uid");
}

#[tokio::test]
async fn records_of_a_type_of_yours_fail_one_by_one_too() {
    #[derive(Debug, serde::Deserialize)]
    struct Mine {
        uid: String,
    }
    let items = bare(&two_pages()).tasks().list().decode_as::<Mine>().items();
    let found: Vec<_> = items.map(|item| item.map(|mine| mine.uid).map_err(|error| path(&error))).collect().await;
    assert_eq!(found.iter().filter(|item| item.is_ok()).count(), 3);
    assert_eq!(found[1], Err("results[1].uid".to_owned()));
}

#[tokio::test]
async fn half_a_surrogate_pair_fails_no_page() {
    let page = r#"{"results":[{"uid":"t3"},{"uid":"t4","name":"half \ud83d"}],"next":null}"#;
    let page = bare(&script([text(page)])).tasks().list().await.unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.items[1].extra.get("name").map(Json::get), Some(r#""half \ud83d""#));
}

#[tokio::test]
async fn unexpected_field_is_unset_and_kept_unless_decoding_is_strict() {
    let body = r#"{"uid":"t1","name":{"de": "Lkw"},"created_at":"","status":12}"#;
    let avala = bare(&script([text(body), text(body), text(body)]));
    let task: Task = avala.tasks().get("t1").await.unwrap();
    assert_eq!((task.name.as_deref(), task.created_at, task.extra.len()), (None, None, 3));
    assert_eq!(task.extra.get("name").unwrap().get(), r#"{"de": "Lkw"}"#);

    let error = avala.tasks().get("t1").strict().await.unwrap_err();
    assert_eq!(path(&error), "name");
    assert!(avala.strict_decoding(true).tasks().get("t1").await.is_err());
}

#[tokio::test]
async fn strict_list_refuses_an_unexpected_field() {
    let page = r#"{"results":[{"uid":"a"},{"uid":"b","name":7}],"next":null}"#;
    let avala = bare(&script([text(page), text(page)]));
    assert_eq!(path(&avala.tasks().list().strict().await.unwrap_err()), "results[1].name");
    assert_eq!(avala.tasks().list().await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn invalid_body_is_an_error_with_path_line_and_column() {
    let deep = "[".repeat(100_000);
    let deep_name = format!(r#"{{"uid":"t1","name":{deep}"#);
    for (body, expected) in [
        ("{\"uid\":\"t1\",\n\"name\":\"cut", "name"),
        (r#"{"uid":"t1","uid":"t2"}"#, "uid"),
        (r#"[{"uid":"t1"}]"#, "."),
        ("\"t1\"", "."),
        (&*deep, "."),
    ] {
        let error = bare(&script([text(body)])).tasks().get("t1").await.unwrap_err();
        assert_eq!(path(&error), expected, "{error}");
        assert!(error.message().contains("line") && error.message().contains("column"), "{error}");
    }
    let error = bare(&script([text(deep_name)])).tasks().get("t1").await.unwrap_err();
    assert!(path(&error).starts_with("name[0][0]") && error.to_string().len() < 1000, "{error}");
}

#[tokio::test]
async fn wrong_encoding_is_an_error_and_a_byte_order_mark_is_none() {
    let utf16: Vec<u8> = "{\"uid\":\"t1\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1 = b"{\"uid\":\"t1\",\n\"name\":\"M\xfcller\"}".to_vec();
    for (body, expected) in [(utf16, None), (latin1, Some("name"))] {
        let step = Step::respond(200).body(body);
        let error = bare(&script([step])).tasks().get("t1").await.unwrap_err();
        assert_eq!(path(&error), expected.unwrap_or("."), "{error}");
        assert!(error.message().contains("line") && error.message().contains("column"), "{error}");
    }
    let marked = bare(&script([text("\u{feff}{\"uid\":\"t1\"}")])).tasks().get("t1").await.unwrap();
    assert_eq!(marked.uid.as_str(), "t1");
}

#[tokio::test]
async fn frames_of_a_sequence_are_decoded_with_it() {
    #[derive(serde::Deserialize)]
    struct Keyed {
        key: String,
    }
    let body = r#"{"frames":[{"key":"0"},{"key":"1","xi":"half"}],"uid":"s1","new":1}"#;
    let avala = bare(&ScriptedService::always(text(body)));
    let call = avala.datasets().get_sequence("o", "d", "s1");
    let typed = call.clone().typed_frames().await.unwrap();
    assert_eq!((typed.sequence.uid.as_str(), typed.sequence.frames, typed.sequence.extra.len()), ("s1", None, 1));
    let found: Vec<_> = typed.frames.iter().map(|frame| (frame.frame_index, frame.key.as_deref())).collect();
    assert_eq!(found, [(0, Some("0")), (1, Some("1"))]);
    assert_eq!(path(&call.clone().typed_frames().strict().await.unwrap_err()), "frames[1].xi");
    let keyed = call.clone().frames_as::<Keyed>().await.unwrap();
    assert_eq!(keyed.frames.into_iter().map(|frame| frame.key).collect::<Vec<_>>(), ["0", "1"]);
    assert_eq!(path(&call.frames_as::<u8>().await.unwrap_err()), "frames[0]");
}
