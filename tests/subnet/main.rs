//! Subnet sums against witnesses that know nothing of netlab: bits taken one by one, Python's `ipaddress`, the registries
//! of IANA as they are published, and the answers that other calculators get wrong.

mod commands;
mod disagreements;
mod model;
mod oracle;
mod registry;
mod tool;
