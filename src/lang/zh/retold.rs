//! 由分析与模拟器写成的句子：它们不懂语言，句子以英文给出，由模板认出后重述。

mod analysis;
mod messages;
mod replay;
mod simulation;
mod subnet;

/// English templates and their translation. Templates with more words stand before those that would fit as well.
pub const RETOLD: &[&[(&str, &str)]] =
    &[CALLS, analysis::SENTENCES, simulation::SENTENCES, subnet::SENTENCES, messages::SENTENCES, replay::SENTENCES];

const CALLS: &[(&str, &str)] = &[
    // Before all others: a call in it may fit them as well. Each of its calls is retold.
    ("its calls were: {}", "它的调用是：{;}"),
];
