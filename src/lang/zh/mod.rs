//! 中文：事件、规则、主题、场景，以及其余的词句。

mod events;
mod phrases;
mod rules;
mod scenarios;
mod topics;

pub(super) use events::EVENTS;
pub(super) use phrases::PHRASES;
pub(super) use rules::RULES;
pub(super) use scenarios::SCENARIOS;
pub(super) use topics::TOPICS;
