//! Rules that raise alerts.

use avala_types::{CreateFleetRule, FleetRule, RuleUid, UpdateFleetRule};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for rules that raise alerts. Returned by [`Fleet::rules`](super::Fleet::rules).
#[derive(Clone, Debug)]
pub struct FleetRules {
    avala: Avala,
}

impl FleetRules {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates a rule (`POST /fleet/rules/`).
    pub fn create(&self, rule: &CreateFleetRule) -> Call<FleetRule> {
        self.avala.call(Endpoint::post("fleet.rules.create", "/fleet/rules/"), &[]).json(rule)
    }

    /// Lists the rules of the account (`GET /fleet/rules/`).
    pub fn list(&self) -> List<FleetRule, FleetRuleFilters> {
        self.avala.list(Endpoint::get("fleet.rules.list", "/fleet/rules/"), &[])
    }

    /// Gets a rule (`GET /fleet/rules/{rule_uid}/`).
    pub fn get(&self, uid: impl Into<RuleUid>) -> Call<FleetRule> {
        self.avala.call(Endpoint::get("fleet.rules.get", "/fleet/rules/{rule_uid}/"), &[uid.into().as_str()])
    }

    /// Updates a rule (`PATCH /fleet/rules/{rule_uid}/`).
    pub fn update(&self, uid: impl Into<RuleUid>, changes: &UpdateFleetRule) -> Call<FleetRule> {
        let endpoint = Endpoint::patch("fleet.rules.update", "/fleet/rules/{rule_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a rule (`DELETE /fleet/rules/{rule_uid}/`).
    pub fn delete(&self, uid: impl Into<RuleUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.rules.delete", "/fleet/rules/{rule_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`FleetRules::list`].
    pub enum FleetRuleFilters {
        /// Lists only enabled rules, or only disabled ones.
        fn enabled(self, enabled: bool) {
            self.param("enabled", enabled.to_string())
        }
    }
}
