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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::CreateFleetRule;
    /// use serde_json::json;
    ///
    /// let condition = json!({"type": "threshold", "topic": "/battery", "field": "voltage", "lt": 44.0});
    /// let rule = CreateFleetRule::new("Low battery", condition, json!([{"type": "alert", "severity": "high"}]));
    /// let rule = avala.fleet().rules().create(&rule).await?;
    /// println!("{}: enabled: {:?}", rule.name, rule.enabled);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, rule: &CreateFleetRule) -> Call<FleetRule> {
        self.avala.call(Endpoint::post("fleet.rules.create", "/fleet/rules/"), &[]).json(rule)
    }

    /// Lists the rules of the account (`GET /fleet/rules/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut rules = avala.fleet().rules().list().items();
    /// while let Some(rule) = rules.next().await {
    ///     let rule = rule?;
    ///     println!("{}: hit {:?} times", rule.name, rule.hit_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetRule, FleetRuleFilters> {
        self.avala.list(Endpoint::get("fleet.rules.list", "/fleet/rules/"), &[])
    }

    /// Gets a rule (`GET /fleet/rules/{rule_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let rule = avala.fleet().rules().get("rule1").await?;
    /// println!("{}: hit {:?} times", rule.name, rule.hit_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<RuleUid>) -> Call<FleetRule> {
        self.avala.call(Endpoint::get("fleet.rules.get", "/fleet/rules/{rule_uid}/"), &[uid.into().as_str()])
    }

    /// Updates a rule (`PATCH /fleet/rules/{rule_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateFleetRule;
    ///
    /// let changes = UpdateFleetRule::default().enabled(false);
    /// let rule = avala.fleet().rules().update("rule1", &changes).await?;
    /// println!("{}: is enabled: {:?}", rule.name, rule.enabled);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, uid: impl Into<RuleUid>, changes: &UpdateFleetRule) -> Call<FleetRule> {
        let endpoint = Endpoint::patch("fleet.rules.update", "/fleet/rules/{rule_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a rule (`DELETE /fleet/rules/{rule_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.fleet().rules().delete("rule1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such rule"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
