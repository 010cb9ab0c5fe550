//! `kortti-desktop`

fn main() -> std::process::ExitCode {
    desktop::main()
}
