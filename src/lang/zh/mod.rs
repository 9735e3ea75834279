//! 中文：事件、规则、主题、场景，以及其余的词句。

mod connections;
mod counted;
mod errors;
mod events;
mod messages;
mod pages;
mod phrases;
mod replay;
mod report;
mod retold;
mod rules;
mod scenarios;
mod simulation;
mod subnet;
mod topics;
mod tui;

pub(super) use counted::COUNTED;
pub(super) use errors::ERRORS;
pub(super) use events::EVENTS;
pub(super) use pages::PHRASES as PAGES;
pub(super) use retold::RETOLD;
pub(super) use rules::RULES;
pub(super) use scenarios::SCENARIOS;
pub(super) use topics::TOPICS;

/// English words and their translation, by where they are said.
pub(super) const AREAS: &[&[(&str, &str)]] = &[
    phrases::PHRASES,
    report::PHRASES,
    connections::PHRASES,
    simulation::PHRASES,
    subnet::PHRASES,
    messages::PHRASES,
    replay::PHRASES,
    pages::PHRASES,
    tui::PHRASES,
    ERRORS,
    RETOLD[0],
    RETOLD[1],
    RETOLD[2],
    RETOLD[3],
    RETOLD[4],
    RETOLD[5],
];
