//! Service, agent and cards, from the reader driver up to the command.

use std::any::Any;
use std::path::PathBuf;

use card::virt::VirtualCard;
use serde_json::Value;

use super::nitrokey::NitrokeyCard;
use super::pcscd::{Pcscd, READERS};
use super::programs::{AgentProcess, Home, Run};
use super::watch::Watch;

/// A service of its own, an agent of its own, and what is in the readers. Ends in the order of its fields.
pub struct Stack {
    /// What happens, since the agent was started.
    pub watch: Watch,
    agent: AgentProcess,
    /// What stands for the cards; dropping it removes them.
    slots: [Option<Box<dyn Any + Send + Sync>>; 2],
    /// The service.
    pub pcscd: Pcscd,
    /// Where the programs run.
    pub home: Home,
}

impl Stack {
    /// With two empty readers.
    pub fn new() -> Self {
        Self::with_config("")
    }

    /// With this card in the first reader.
    pub fn with(card: &VirtualCard) -> Self {
        let mut stack = Self::new();
        stack.insert(0, card);
        stack
    }

    /// As [`Stack::new`], with these settings.
    pub fn with_config(config: &str) -> Self {
        let pcscd = Pcscd::start();
        let home = home_of(&pcscd);
        home.configure(config);
        let agent = home.agent(&[]);
        let watch = home.watch();
        Self { watch, agent, slots: [None, None], pcscd, home }
    }

    /// Inserts a card, and returns the event that says what the agent makes of it.
    ///
    /// # Panics
    /// The agent says nothing of it.
    pub fn insert(&mut self, slot: u16, card: &VirtualCard) -> Value {
        self.insert_by(slot, |pcscd| Box::new(pcscd.insert(slot, card)))
    }

    /// The same with a Nitrokey's card as the factory made it.
    ///
    /// # Panics
    /// As for [`Stack::insert`].
    pub fn insert_nitrokey(&mut self, slot: u16) -> Value {
        self.insert_by(slot, |pcscd| Box::new(NitrokeyCard::insert(pcscd, slot)))
    }

    fn insert_by(
        &mut self,
        slot: u16,
        insert: impl FnOnce(&mut Pcscd) -> Box<dyn Any + Send + Sync>,
    ) -> Value {
        let index = usize::from(slot);
        // A card that was pulled has left an end of its connection here.
        self.slots[index] = None;
        self.slots[index] = Some(insert(&mut self.pcscd));
        self.watch.until(|event| {
            let decided = event["event"] == "card_identified" || event["event"] == "card_unusable";
            decided && event["reader"] == READERS[index]
        })
    }

    /// Removes a card, and returns the event.
    pub fn remove(&mut self, slot: u16) -> Value {
        self.slots[usize::from(slot)] = None;
        self.watch.event("card_removed")
    }

    /// Ends the service as a crash would; the cards go with it.
    pub fn kill_service(&mut self) {
        self.pcscd.kill();
        self.slots = [None, None];
    }

    /// Ends the agent as a crash would, and starts another one.
    pub fn restart_agent(self) -> Self {
        let Self { watch, agent, slots, pcscd, home } = self;
        drop(watch);
        agent.kill();
        let agent = home.agent_with_cards(&[]);
        let watch = home.watch();
        Self { watch, agent, slots, pcscd, home }
    }

    /// The process number of the agent.
    pub fn agent(&self) -> u32 {
        self.agent.pid()
    }

    /// Runs `kortti` with `--json`, and with `--pin-stdin` when there are secrets. Words are parted by spaces.
    pub fn kortti(&self, line: &str, secrets: &[&str]) -> Run {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.push("--json");
        if !secrets.is_empty() {
            words.push("--pin-stdin");
        }
        self.home.kortti(&words, secrets)
    }

    /// What `kortti` prints when it does what it is told.
    #[track_caller]
    pub fn ok(&self, line: &str, secrets: &[&str]) -> Value {
        self.kortti(line, secrets).code(0).json()
    }

    /// The error of `kortti` when it ends with this exit code and this stable name.
    #[track_caller]
    pub fn refused(&self, line: &str, secrets: &[&str], exit: i32, name: &str) -> Value {
        let error = self.kortti(line, secrets).code(exit).json()["error"].clone();
        assert_eq!(error["code"], name, "{line}: {error}");
        error
    }

    /// A path in the directory in which other people's tools run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.pcscd.directory().join(name)
    }

    /// The ids of the certificates, in the order of the list.
    #[track_caller]
    pub fn certificates(&self) -> Vec<String> {
        let list = self.ok("cert list", &[]);
        let list = list["certificates"].as_array().unwrap();
        list.iter().map(|certificate| certificate["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The response to a challenge, as the administrator calculates it.
    #[track_caller]
    pub fn response(&self, challenge: &Value, key: &str) -> String {
        std::fs::write(self.path("admin.key"), key).unwrap();
        let challenge = challenge["challenge"].as_str().unwrap();
        let key = self.path("admin.key");
        let line = format!("unblock respond --challenge {challenge} --key-file {}", key.display());
        self.ok(&line, &[])["response"].as_str().unwrap().to_owned()
    }

    /// Imports a file of the directory in which other people's tools run.
    #[track_caller]
    pub fn import(&self, file: &str, secrets: &[&str]) -> Value {
        self.ok(&format!("cert import {}", self.path(file).display()), secrets)
    }

    /// Makes a key and a certificate of this name: `NAME.key`, `NAME.pem`, `NAME.cer`, and with the password
    /// `secret` `NAME.pfx`.
    pub fn make_credential(&self, name: &str) {
        for line in [
            format!(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -subj /CN={name} -days 9 -out {name}.pem"
            ),
            format!("openssl x509 -in {name}.pem -outform DER -out {name}.cer"),
            format!(
                "openssl pkcs12 -export -inkey {name}.key -in {name}.pem -passout pass:secret -out {name}.pfx"
            ),
        ] {
            self.pcscd.run(&line);
        }
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

/// A home whose programs use this service.
pub fn home_of(pcscd: &Pcscd) -> Home {
    let mut home = Home::new();
    home.set("PCSCLITE_CSOCK_NAME", &pcscd.socket().display().to_string());
    home
}
