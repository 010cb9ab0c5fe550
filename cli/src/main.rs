//! The program `kortti`.

fn main() -> std::process::ExitCode {
    cli::main()
}
