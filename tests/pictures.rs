//! The pictures of docs/pictures are what the program prints now, and every one of them is shown somewhere.

#[path = "../xtask/src/pictures/sources.rs"]
mod sources;
#[path = "../xtask/src/pictures/terminal.rs"]
mod terminal;

use std::fs;
use std::path::Path;

#[test]
fn the_pictures_show_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("docs/pictures");
    let pictures = sources::all(Path::new(env!("CARGO_BIN_EXE_netlab")), root);
    for (file, drawing) in &pictures {
        let committed = fs::read_to_string(folder.join(file)).unwrap_or_default();
        if std::env::var_os("NETLAB_BLESS").is_some() {
            fs::write(folder.join(file), drawing).expect("the picture is written");
        } else if committed != *drawing {
            let odd = committed.lines().zip(drawing.lines()).find(|(committed, drawn)| committed != drawn);
            panic!("docs/pictures/{file} shows something else; NETLAB_BLESS=1 writes it anew; first: {odd:#?}");
        }
        assert!(drawing.len() < 150_000, "{file} is {} octets long", drawing.len());
        assert!(!drawing.contains('\u{1b}') && drawing.contains("viewBox"), "{file}");
    }
    // Nothing else lies there but the photograph of the page, which the tests of pages hold.
    let known = |name: &str| name == "page.png" || pictures.iter().any(|(file, _)| *file == name);
    for entry in fs::read_dir(&folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(known(&name), "docs/pictures/{name} is nobody's picture");
    }
}
