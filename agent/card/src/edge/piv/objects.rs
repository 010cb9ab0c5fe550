//! Data objects: GET DATA and PUT DATA (SP 800-73-4 part 2, sections 3.1.2 and 3.3.2; card-piv.md 2).
