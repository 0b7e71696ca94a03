//! Keys of AWS KMS, as moto serves them: what one of the real sops and ours encrypts, the other opens.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::{Ran, Scene, binary, eventually, tool};

const ROLE: &str = "arn:aws:iam::123456789012:role/deployer";

#[test]
fn what_either_program_encrypts_with_a_kms_key_the_other_opens() {
    let lab = Lab::new();
    let arn = lab.create_key();
    let with_role = format!("{arn}+{ROLE}");
    let options: [&[&str]; 4] = [
        &["--kms", &arn],
        &[
            "--kms",
            &arn,
            "--encryption-context",
            "Service:hydra,Env:dev",
        ],
        &["--kms", &with_role],
        &["--kms", &arn, "--aws-profile", "deploy"],
    ];
    for options in options {
        for (writer, reader) in [("ours", "theirs"), ("theirs", "ours")] {
            lab.scene
                .write("secret.yaml", "user: hydra\npassword: canary\n");
            let encrypt = [&["encrypt", "-i"], options, &["secret.yaml"]].concat();
            lab.succeed(writer, &encrypt);
            assert!(!lab.scene.read("secret.yaml").contains("canary"));
            let opened = lab.succeed(reader, &["decrypt", "secret.yaml"]);
            assert_eq!(
                opened.stdout, "user: hydra\npassword: canary\n",
                "{writer} {options:?}"
            );
        }
    }
}

#[test]
fn a_kms_key_that_is_gone_is_named_with_what_the_service_said() {
    let lab = Lab::new();
    let arn = lab.create_key();
    lab.scene.write("secret.yaml", "a: b\n");
    lab.succeed("theirs", &["encrypt", "-i", "--kms", &arn, "secret.yaml"]);
    lab.post("/moto-api/reset", "", &json!({}));
    let ran = lab.run("ours", &["decrypt", "secret.yaml"]);
    assert_eq!((ran.code, &*ran.stdout), (Some(128), ""));
    assert!(ran.stderr.contains(&arn), "{}", ran.stderr);
    assert!(ran.stderr.contains("NotFoundException"), "{}", ran.stderr);
}

/// A repository, both programs, and moto on a port of its own.
struct Lab {
    scene: Scene,
    port: u16,
    moto: Child,
}

impl Lab {
    fn new() -> Self {
        let scene = Scene::empty();
        fs::create_dir_all(scene.repository()).unwrap();
        fs::create_dir(scene.home().join(".aws")).unwrap();
        let profile = "[deploy]\naws_access_key_id = profile\naws_secret_access_key = profile\n";
        fs::write(scene.home().join(".aws/credentials"), profile).unwrap();
        std::os::unix::fs::symlink(binary(), scene.home().join("sops")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let moto = Command::new(tool("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lab = Self { scene, port, moto };
        eventually("moto listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        lab
    }

    /// Makes a key in the region us-east-1, and returns its ARN.
    fn create_key(&self) -> String {
        let answer = self.post("/", "CreateKey", &json!({}));
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    /// Asks moto, which now and then does not answer: then again.
    fn post(&self, path: &str, operation: &str, body: &Value) -> Value {
        let body = body.to_string();
        let scope = "Credential=test/20260101/us-east-1/kms/aws4_request";
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nX-Amz-Target: TrentService.{operation}\r\n\
             Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n\
             Content-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        let answer = (0..3).find_map(|_| self.exchange(&request).ok());
        let answer = answer.expect("moto answers");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{path} {operation}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    fn exchange(&self, request: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn succeed(&self, program: &str, arguments: &[&str]) -> Ran {
        let ran = self.run(program, arguments);
        assert_eq!(ran.code, Some(0), "{program} {arguments:?}: {}", ran.all());
        ran
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let program: PathBuf = match program {
            "ours" => self.scene.home().join("sops"),
            _ => tool("sops"),
        };
        let mut command = Command::new("env");
        command
            .arg(format!("AWS_ENDPOINT_URL=http://127.0.0.1:{}", self.port))
            .args(["AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"])
            .args([
                "AWS_EC2_METADATA_DISABLED=true",
                "SOPS_DISABLE_VERSION_CHECK=1",
            ])
            .arg(program)
            .args(arguments)
            .current_dir(self.scene.repository());
        self.scene.run(&mut command)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // It ends with the test, whether that passed or not.
        let _ = self.moto.kill();
        let _ = self.moto.wait();
    }
}
