//! Models inside the types of users, read by the tools that users read with.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use avala_types::{CursorPage, Dataset, Json, Secret, Task, TaskStatus, TaskUid, Timestamp, from_json};
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize};

const TASK: &str = r#"{"uid":"t1","name":"n","caf\u00e9 \"1\"":{"a":[1,-2.5,null]},"created_at":"soon"}"#;

fn task() -> Task {
    serde_json::from_str(TASK).unwrap()
}

/// Hands out one byte at a time, as a slow socket does.
struct OneByte<'a>(&'a [u8]);

impl Read for OneByte<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some((first, rest)), Some(place)) = (self.0.split_first(), buffer.first_mut()) else { return Ok(0) };
        *place = *first;
        self.0 = rest;
        Ok(1)
    }
}

#[test]
fn models_are_parts_of_structs_and_enums() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Batch {
        first: Option<Box<Task>>,
        by_name: HashMap<String, Task>,
        by_status: BTreeMap<TaskStatus, Vec<TaskUid>>,
        steps: Vec<Step>,
        pair: (Task, u8),
        token: Secret,
        at: Option<Timestamp>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Step {
        One(Task),
        Two(Task, Dataset),
        Named { task: Task, dataset: Option<Dataset> },
        Nothing,
    }
    let dataset: Dataset = from_json(r#"{"uid":"d1","name":"n","slug":"s","item_count":"many","new":[{}]}"#).unwrap();
    let batch = Batch {
        first: Some(Box::new(task())),
        by_name: HashMap::from([("a b".to_owned(), task())]),
        by_status: BTreeMap::from([("new".into(), vec!["t1".into()]), (TaskStatus::Pending, Vec::new())]),
        steps: vec![
            Step::One(task()),
            Step::Two(task(), dataset.clone()),
            Step::Named { task: task(), dataset: Some(dataset) },
            Step::Nothing,
        ],
        pair: (task(), 1),
        token: "t".into(),
        at: Timestamp::from_unix_seconds(5),
    };
    let json = serde_json::to_string(&batch).unwrap();
    assert_eq!(serde_json::from_reader::<_, Batch>(OneByte(json.as_bytes())).unwrap(), batch);
    assert_eq!(serde_json::from_value::<Batch>(serde_json::to_value(&batch).unwrap()).unwrap(), batch);
    for packed in [rmp_serde::to_vec(&batch).unwrap(), rmp_serde::to_vec_named(&batch).unwrap()] {
        assert_eq!(rmp_serde::from_slice::<Batch>(&packed).unwrap(), batch);
    }
    let yaml = serde_yaml_ng::to_string(&batch).unwrap();
    assert_eq!(serde_yaml_ng::from_str::<Batch>(&yaml).unwrap(), batch);
}

#[test]
fn content_before_its_tag_is_read() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", content = "data")]
    enum Job {
        Task(Task),
    }
    let text = format!(r#"{{"data":{TASK},"kind":"Task"}}"#);
    assert_eq!(serde_json::from_reader::<_, Job>(OneByte(text.as_bytes())).unwrap(), Job::Task(task()));
}

#[test]
fn flattened_twice_and_optional_models_are_read() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        lane: u8,
        #[serde(flatten)]
        task: Option<Task>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        queue: String,
        #[serde(flatten)]
        inner: Inner,
    }
    let outer = Outer { queue: "q".to_owned(), inner: Inner { lane: 3, task: Some(task()) } };
    let text = serde_json::to_string(&outer).unwrap();
    let read: Outer = serde_json::from_str(&text).unwrap();
    assert_eq!(read.inner.task.as_ref().unwrap().name.as_deref(), Some("n"));
    assert_eq!(serde_json::from_str::<Outer>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
    let without: Outer = serde_json::from_str(r#"{"queue":"q","lane":1}"#).unwrap();
    assert_eq!(without.inner.task, None);
}

#[test]
fn pages_are_parts_of_responses_of_users() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Field {
        page: CursorPage<Task>,
        took: u8,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        page: CursorPage<Task>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Page(CursorPage<Task>),
    }
    for page in [
        r#"{"results":[{"uid":"t1","new":[1]}],"next":null,"previous":null}"#,
        r#"{"results":[]}"#,
        r#"{"results":[],"next":"https://a/api/v1/tasks/?cursor=a%3D&limit=2","previous":"?page=1","count":7,"took":{}}"#,
        r#"{"results":[],"next":"","count":"many","previous":[1]}"#,
        r#"{"results":[],"next":7}"#,
        r#"{"results":[],"next":"https://a/elsewhere/"}"#,
        r#"[{"uid":"t1"}]"#,
    ] {
        let page: CursorPage<Task> = serde_json::from_str(page).unwrap();
        let field = Field { page: page.clone(), took: 1 };
        let text = serde_json::to_string(&field).unwrap();
        assert_eq!(serde_json::from_str::<Field>(&text).unwrap(), field, "{text}");
        let flat = Flat { page: page.clone() };
        let text = serde_json::to_string(&flat).unwrap();
        assert_eq!(serde_json::from_str::<Flat>(&text).unwrap(), flat, "{text}");
        let tagged = Tagged::Page(page.clone());
        // The tag is an unknown field of the page, and is not written twice.
        let Tagged::Page(read) = serde_json::from_str(&serde_json::to_string(&tagged).unwrap()).unwrap();
        assert_eq!(read, page);
    }
}

#[test]
fn anchors_of_yaml_stand_for_models() {
    let yaml = "- &a {uid: t1, name: hello, meta: {a: 1, b: [1.5, 0x10, ~]}}\n- *a\n- {uid: '0123', name: '42'}\n";
    let tasks: Vec<Task> = serde_yaml_ng::from_str(yaml).unwrap();
    assert_eq!(tasks[0], tasks[1]);
    assert_eq!(tasks[0].extra.get("meta").unwrap(), &r#"{"a":1,"b":[1.5,16,null]}"#.parse::<Json>().unwrap());
    assert_eq!((tasks[2].uid.as_str(), tasks[2].name.as_deref()), ("0123", Some("42")));
}

/// axum's `Json` reads so.
#[test]
fn path_of_an_error_is_tracked_and_digits_are_kept() {
    let text = r#"{"a":[{"uid":"t1","big":340282366920938463463374607431768211457}]}"#;
    let read = |text| {
        let mut json = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize::<_, BTreeMap<String, Vec<Task>>>(&mut json)
    };
    let tasks = read(text).unwrap();
    assert_eq!(tasks["a"][0].extra.get("big").unwrap().get(), "340282366920938463463374607431768211457");
    let mut written = Vec::new();
    let (mut json, mut track) = (serde_json::Serializer::new(&mut written), serde_path_to_error::Track::new());
    tasks.serialize(serde_path_to_error::Serializer::new(&mut json, &mut track)).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
    assert_eq!(read(r#"{"a":[{"uid":"t1"},{"uid":7}]}"#).unwrap_err().path().to_string(), "a[1].uid");
}

#[test]
fn format_that_does_not_describe_itself_is_an_error() {
    struct Bare;
    impl<'de> Deserializer<'de> for Bare {
        type Error = serde_json::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(Self::Error::custom("nothing says what comes next"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }
    assert!(Task::deserialize(Bare).is_err() && Json::deserialize(Bare).is_err());
}

#[test]
fn escaped_and_odd_names_are_those_of_their_text() {
    let text = r#"{"\u0075id":"t1","na\u006de":"x","caf\u00e9":1,"\ud83d\ude00":2,"":3,"a.b":4,"a\"b\\c":5}"#;
    for task in [
        serde_json::from_str::<Task>(text).unwrap(),
        from_json(text).unwrap(),
        serde_json::from_reader(OneByte(text.as_bytes())).unwrap(),
        serde_json::from_str::<serde_json::Value>(text).and_then(serde_json::from_value).unwrap(),
    ] {
        assert_eq!((task.uid.as_str(), task.name.as_deref()), ("t1", Some("x")));
        let names: Vec<&str> = task.extra.keys().collect();
        assert_eq!(names, ["", "a\"b\\c", "a.b", "café", "😀"]);
        assert_eq!(from_json::<Task>(&serde_json::to_string(&task).unwrap()).unwrap(), task);
    }
    let twice = from_json::<Task>(r#"{"uid":"t1","x":1,"\u0078":2}"#).unwrap_err();
    assert!(twice.message().contains("duplicate field `x`"), "{twice}");
}
