//! The stand-ins for AWS and Vault, and the recorded cases, in the folder that `WINDLASS_SHARED` names.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The folder, if it is there.
pub(crate) fn vectors() -> Option<PathBuf> {
    let shared = std::env::var_os("WINDLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("sops-vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the folder of recorded cases is missing (WINDLASS_SHARED)");
    None
}

/// The stand-ins, until they are dropped.
pub(crate) struct Services {
    program: Child,
    pub(crate) aws: String,
    pub(crate) vault: String,
}

impl Services {
    pub(crate) fn start() -> Option<Self> {
        let folder = vectors()?;
        let [aws, vault] = [free_port(), free_port()];
        let mut program = Command::new("python3")
            .args([
                "fake_services.py",
                "--port",
                &aws.to_string(),
                "--vault-port",
                &vault.to_string(),
            ])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "READY\n");
        Some(Self {
            program,
            aws: format!("http://127.0.0.1:{aws}"),
            vault: format!("http://127.0.0.1:{vault}"),
        })
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
