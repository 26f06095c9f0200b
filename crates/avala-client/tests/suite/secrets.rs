//! Secrets in responses and errors of libraries: no form of an error shows one.

use std::error::Error as _;
use std::fmt::{self, Write};

use avala_client::{Avala, Error};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, BoxError, RetryPolicy};
use avala_types::Cursor;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::bare;

/// Returns everything that an error shows.
fn rendered(error: &Error) -> String {
    let mut shown = format!("{error}\n{error:?}\n{error:#?}\n{}\n{:?}\n", error.message(), error.body());
    let fields = error.field_errors().iter().map(|field| format!("{} {:?}", field.field, field.messages));
    shown.extend(fields);
    write!(shown, "{:?} {:?} {:?}", error.code(), error.doc_url(), error.request_id()).unwrap();
    write!(shown, "{:?} {:?}", error.json_path(), error.redirect_host()).unwrap();
    let mut next = error.source();
    while let Some(source) = next {
        write!(shown, "\n{source} {source:?} {source:#?}").unwrap();
        next = source.source();
    }
    shown
}

/// Texts that are secret by their form, with the part that must not be shown. Each has another random part.
fn secrets(seed: u64) -> Vec<(String, String)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut letters = |alphabet: &str, count: usize| -> String {
        let alphabet = alphabet.as_bytes();
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(alphabet[usize::try_from(state % alphabet.len() as u64).unwrap()])
        };
        std::iter::repeat_with(next).take(count).collect()
    };
    let (upper, hex) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdef");
    let alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut all = Vec::new();
    let mut add = |before: &str, secret: String, after: &str| all.push((format!("{before}{secret}{after}"), secret));
    add("", letters(hex, 40), "");
    for prefix in ["avk_", "avala_sk_", "sk-ant-", "sk-proj-", "Bearer ", "bearer ", "Basic ", "Authorization: Bearer "]
    {
        add(prefix, letters(alnum, 12), "");
    }
    add("sk-", letters(alnum, 20), "");
    for name in ["sk", "pk", "secret", "key", "token"] {
        add(&format!("{name}_"), letters(alnum, 16), "");
        add(&format!("{name}_live_"), letters(alnum, 24), "");
    }
    add("eyJ", format!("{}.{}.{}", letters(alnum, 20), letters(alnum, 30), letters(alnum, 20)), "");
    for prefix in ["AKIA", "ASIA"] {
        add(prefix, letters(upper, 16), "");
    }
    for prefix in ["FwoG", "IQoJ", "1//"] {
        add(prefix, letters(alnum, 30), "");
    }
    add("arn:aws:iam::", letters("0123456789", 12), ":role/reader");
    add("-----BEGIN PRIVATE KEY-----\n", letters(alnum, 64), "\n-----END PRIVATE KEY-----");
    for name in ["X-Amz-Signature", "X-Goog-Signature", "sig", "X-Amz-Security-Token", "Signature", "access_token"] {
        add(&format!("https://store.example/a/b?x=1&{name}="), letters(alnum, 20), "&y=2");
    }
    add("https://user:", letters(alnum, 12), "@store.example/a");
    add("AccountName=a;AccountKey=", letters(alnum, 40), "==;EndpointSuffix=x");
    add("s3_secret_access_key: ", letters(alnum, 40), "");
    all
}

/// Bodies that hold `text` in each of the places where a server can put it.
fn bodies(text: &str) -> Vec<String> {
    let quoted = Value::from(text).to_string();
    let embedded = Value::from(format!("{{\"note\": {quoted}}}"));
    let spelled: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    vec![
        json!({ "detail": text }).to_string(),
        json!({ "detail": format!("the value {text}, is not valid") }).to_string(),
        json!({ "name": [format!("not valid: {text}")] }).to_string(),
        json!({ text: ["not valid"] }).to_string(),
        json!({ "detail": { "a": [{ "b": [text] }] } }).to_string(),
        json!({ "error": { "code": text, "message": text, "details": { "name": [text] } }, "doc_url": text })
            .to_string(),
        json!({ "code": text, "doc_url": text, "detail": "No." }).to_string(),
        json!([{ "loc": ["body", text], "msg": text, "type": "odd", "input": text }]).to_string(),
        json!([text, "second"]).to_string(),
        json!({ "detail": embedded }).to_string(),
        format!(r#"{{"detail":"{spelled}"}}"#),
        format!("\u{feff} {{\"detail\": {quoted}}}"),
        quoted.clone(),
        text.to_owned(),
        format!("<html><body><p>{text}</p></body></html>"),
        format!("{{\"detail\": {quoted}, oops"),
        format!("{{'detail': '{text}'}}"),
    ]
}

async fn errors_of(body: &str) -> Vec<Error> {
    let mut errors = Vec::new();
    for status in [400, 200] {
        let script = ScriptedService::always(Step::respond(status).body(body.to_owned()));
        errors.extend(bare(&script).datasets().get("d1").await.err());
        errors.extend(bare(&script).tasks().list().await.err());
    }
    errors
}

#[tokio::test]
async fn secrets_by_form_are_shown_nowhere() {
    for (text, secret) in secrets(1).into_iter().chain(secrets(2)) {
        for body in bodies(&text) {
            for error in errors_of(&body).await {
                let shown = rendered(&error);
                assert!(!shown.contains(&secret), "{secret} of {body}: {shown}");
            }
        }
    }
}

const NAMES: &[&str] = &[
    "awssecretaccesskey",
    "secret_access_key",
    "AWS-Access-Key-Id",
    "accessKeyId",
    "aws_session_token",
    "api_key",
    "X-Avala-Api-Key",
    "authorization",
    "auth",
    "token",
    "access_token",
    "refreshToken",
    "session token",
    "id_token",
    "secret",
    "PASSWORD",
    "passwd",
    "pwd",
    "credentials",
    "private_key",
    "private_key_id",
    "client_secret",
    "credential",
    "signature",
    "cookie",
    "session_id",
    "passphrase",
    "aws_secret_key",
    "AccountKey",
    "secret.key",
];

#[tokio::test]
async fn values_below_secret_names_are_shown_nowhere() {
    for name in NAMES {
        let spelled: String = name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for body in [
            json!({ *name: "hunter2x" }).to_string(),
            json!({ *name: ["hunter2x"] }).to_string(),
            json!({ "detail": { *name: [{ "a": ["hunter2x", 471_147] }] } }).to_string(),
            json!({ "detail": json!({ *name: ["hunter2x"] }).to_string() }).to_string(),
            format!("{{\"{spelled}\":[\"hunter2x\"]}}"),
            format!("{{\n\"\\n{name}\"\n:\n[\"hunter2x\", 471147]}}"),
            json!([{ "loc": ["body", *name], "msg": "hunter2x is too short", "input": "hunter2x" }]).to_string(),
            format!("{{\"{name}\": [\"hunter2x\"], oops"),
            format!("{{\"{name}\": {{\"a\": \"hunter2x\""),
            json!({ "uid": { *name: "hunter2x" } }).to_string(),
            json!({ "detail": format!("wrong value: {name}=hunter2x") }).to_string(),
            json!({ "detail": format!("wrong value: {name}: 'hunter2x y'") }).to_string(),
        ] {
            for error in errors_of(&body).await {
                let shown = rendered(&error);
                assert!(!shown.contains("hunter2x") && !shown.contains("471147"), "{body}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn secrets_in_bodies_of_other_frameworks_are_shown_nowhere() {
    for body in [
        r#"{"errors":[{"source":{"pointer":"/data/attributes/password"},"title":"x","detail":"hunter2 is short"}]}"#,
        r#"{"timestamp":1,"errors":[{"field":"apiKey","rejectedValue":"hunter2","defaultMessage":"hunter2"}]}"#,
        r#"{"errors":[{"propertyName":"Password","errorMessage":"hunter2","attemptedValue":"hunter2"}]}"#,
        r#"{"title":"x","invalid-params":[{"name":"secret","reason":"hunter2"}]}"#,
        r#"[{"instancePath":"/token","keyword":"minLength","data":"hunter2","message":"hunter2"}]"#,
        r#"{"detail":[{"loc":["body",0,"client_secret"],"msg":"x","input":{"a":["hunter2"]},"ctx":{"given":"hunter2"}}]}"#,
        r#"{"headers":[["x-avala-api-key","hunter2"]],"detail":"('authorization', 'hunter2') is wrong"}"#,
        r#"{"detail":"got {&quot;password&quot;: &quot;hunter2&quot;}"}"#,
        r#"{"detail":"?q=%7B%22token%22%3A%22hunter2%22%7D"}"#,
        r#"{"detail":"login --password hunter2 failed"}"#,
        r#"{"detail":"https://ada:hun/ter2@store.example/a is no URL"}"#,
        "<html><table><tr><td>password</td><td class=\"code\"><pre>&#x27;hunter2&#x27;</pre></td></tr></table></html>",
        "<html><form><input type=\"hidden\" name=\"csrf_token\" value=\"hunter2\"></form></html>",
        "<html><script>window.state = {\\u0022apiKey\\u0022: \\u0022hunter2\\u0022}</script></html>",
        "<error><param name=\"password\">hunter2</param><Password><![CDATA[hunter2]]></Password></error>",
        "password: |\n  hunter2\n  hunter2\n",
        r#"{"headers":{"Set-Cookie":"sid=hunter2; Path=/","Cookie":["a=b; sid=hunter2"]}}"#,
        r#"{"request":"GET / HTTP/1.1\nCookie: theme=dark; sid=hunter2\nAuthorization: Basic aHVudGVyMg==hunter2\n"}"#,
        r#"{"detail":"curl -H 'X-Avala-Api-Key: hunter2' https://ada:hunter2@api.avala.ai/"}"#,
        r#"{"detail":"postgres://ada:hunter2@db.example/x and redis://:hunter2@cache.example"}"#,
        r#"{"cookies":{"sid":"hunter2"},"env":{"AWS_SECRET_ACCESS_KEY":"hunter2","DB_PASSWORD":"hunter2"}}"#,
        r#"[["x-api-key","hunter2"],["set-cookie","sid=hunter2"]]"#,
    ] {
        for error in errors_of(body).await {
            let shown = rendered(&error);
            assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{body}\n{shown}");
        }
    }
}

#[tokio::test]
async fn secrets_in_other_encodings_are_shown_nowhere() {
    let text = r#"{"detail":"No.","password":"hunter2","note":"key avk_hunter2hunter2"}"#;
    let wide = |bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(move |character| bytes(character.into()));
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let latin1 =
        text.replace("No.", "N\u{f6}.").chars().map(|character| u8::try_from(character).unwrap()).collect::<Vec<u8>>();
    for body in [
        [&b"\xff\xfe"[..], &utf16(u16::to_le_bytes)].concat(),
        [&b"\xfe\xff"[..], &utf16(u16::to_be_bytes)].concat(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        b"\xff\xfe\0\0".iter().copied().chain(wide(u32::to_le_bytes)).collect(),
        b"\0\0\xfe\xff".iter().copied().chain(wide(u32::to_be_bytes)).collect(),
        wide(u32::to_le_bytes).collect(),
        [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
        latin1,
    ] {
        for status in [200, 400] {
            let script = ScriptedService::always(Step::respond(status).body(body.clone()));
            let shown = rendered(&bare(&script).datasets().get("d1").await.unwrap_err()).replace('\0', "");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}

#[tokio::test]
async fn secrets_in_arguments_are_shown_nowhere() {
    let script = ScriptedService::new();
    let avala = bare(&script);
    let secret = "avk_hunter2hunter2";
    let get = || avala.datasets().get("d1");
    for error in [
        get().header(format!("{secret} "), "x").await.unwrap_err(),
        get().header("x-tenant", format!("{secret}\r\nx")).await.unwrap_err(),
        get().header("authorization", format!("Bearer {secret}")).await.unwrap_err(),
        avala.datasets().get(format!("../{secret}/..")).header("host", secret).await.unwrap_err(),
        avala.request(http::Method::GET, format!("/a b/{secret}?token=hunter2")).await.unwrap_err(),
        avala.tasks().list().project(secret).cursor("cursor=a&project=b".parse::<Cursor>().unwrap()).await.unwrap_err(),
    ] {
        let shown = rendered(&error);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn null_below_a_secret_name_stays() {
    let error = errors_of(r#"{"token": null, "detail": "No."}"#).await.remove(0);
    assert_eq!(error.body(), Some(r#"{"token": null, "detail": "No."}"#));
}

#[tokio::test]
async fn half_a_secret_at_a_cut_is_dropped() {
    let secret = "avk_9f8e7d6c5b4a39281706";
    for back in 0..=secret.len() + 2 {
        let before = "x ".repeat((65_536 - back) / 2);
        for body in [format!("{before}{secret} more"), format!("{{\"a\":\"b\",\"c\":\"{before}{secret}\"}}")] {
            let script = ScriptedService::always(Step::respond(500).body(body));
            let error = bare(&script).datasets().get("d1").await.unwrap_err();
            let shown = rendered(&error);
            assert!(!shown.contains("9f8") && shown.contains("(truncated)"), "{back}");
        }
    }
}

#[tokio::test]
async fn secrets_in_headers_are_shown_nowhere() {
    for (text, secret) in secrets(3) {
        if text.contains('\n') {
            continue;
        }
        let long = format!("{text} {}", "x".repeat(1_000));
        for (status, header, value) in [
            (404, "x-request-id", &text),
            (500, "x-request-id", &long),
            (302, "location", &text),
            (500, "content-encoding", &text),
            (200, "content-encoding", &text),
        ] {
            let step = Step::respond(status).header(header, value).body("oops");
            let script = ScriptedService::always(step);
            let layered = Avala::builder().api_key("avk_test").retry(RetryPolicy::none()).service(script.clone());
            for avala in [bare(&script), layered.build().unwrap()] {
                let error = avala.datasets().get("d1").await.unwrap_err();
                let shown = rendered(&error);
                assert!(!shown.contains(&secret), "{header}: {value}: {shown}");
                assert!(error.request_id().is_none_or(|id| id.len() <= 210));
            }
        }
    }
}

/// An error of a user's layer, with a secret in `Display` and in `Debug`, and another one below it.
#[derive(Debug)]
struct Leaky(String, Option<Box<Leaky>>);

impl fmt::Display for Leaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream said {}", self.0)
    }
}

impl std::error::Error for Leaky {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[tokio::test]
async fn secrets_in_sources_are_shown_nowhere() {
    for (text, secret) in secrets(4) {
        let avala = Avala::from_service(tower::service_fn(move |_: Request<Body>| {
            let inner = Leaky(text.clone(), None);
            let error: BoxError = Box::new(Leaky("nothing".to_owned(), Some(Box::new(inner))));
            async move { Err::<Response<Body>, _>(error) }
        }));
        let shown = rendered(&avala.datasets().get("d1").await.unwrap_err());
        assert!(!shown.contains(&secret) && shown.contains("upstream said nothing"), "{shown}");
    }
}

#[tokio::test]
async fn a_harmless_source_can_be_downcast() {
    let avala = Avala::from_service(tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>(Leaky("no".to_owned(), None))
    }));
    let error = avala.datasets().get("d1").await.unwrap_err();
    let transport = error.source().unwrap();
    assert!(transport.source().unwrap().is::<Leaky>());
    assert_eq!(error.to_string().matches("a layer failed").count(), 1, "{error}");
}

#[tokio::test]
async fn ordinary_text_stays_readable() {
    let detail = "Dataset 550e8400-e29b-41d4-a716-446655440000 (night-drives_1.0, 12 files, a.mcap) of ada@example.com \
                  has no frame 7; see https://docs.avala.ai/errors?page=2#frames and task-1234 at 12:30.";
    let script = ScriptedService::always(Step::respond(404).body(json!({ "detail": detail }).to_string()));
    assert_eq!(bare(&script).datasets().get("d1").await.unwrap_err().message(), detail);
}

#[test]
fn a_password_in_the_base_url_is_not_shown() {
    for url in ["https://user:hunter2@api.avala.ai", "https://hunter2@api.avala.ai", "https://user:hunter2@a b"] {
        let builder = Avala::builder().api_key("avk_hunter2").base_url(url);
        let mut config = avala_types::AvalaConfig::new("avk_hunter2");
        config.base_url = url.to_owned();
        let shown = format!("{builder:?} {config:?} {:?}", Avala::builder().config(config.clone()));
        assert!(!shown.contains("hunter2"), "{shown}");
        let shown = rendered(&builder.build().unwrap_err());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
