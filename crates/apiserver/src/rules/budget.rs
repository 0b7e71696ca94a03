//! What the rules of a definition may cost, before there is any object: too dear ones are refused, in the words of
//! kube-apiserver 1.37.

use windlass_cel::Shape;

use super::Rule;
use super::shape::MAX_REQUEST;
use crate::status::Cause;

/// What a rule may cost, for all values of its part of an object together.
const RULE: u64 = 10_000_000;

/// What all rules of a definition may cost.
const ALL: u64 = 100_000_000;

/// How many of the dearest rules are named when all together cost too much.
const NAMED: usize = 4;

/// What the rules cost so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: u64,
    dear: Vec<(u64, String)>,
}

impl Budget {
    /// Counts a rule about values of this shape, of which an object can have so many.
    pub(super) fn rule(
        &mut self,
        rule: &Rule,
        shape: &Shape,
        count: Option<u64>,
        place: &str,
        causes: &mut Vec<Cause>,
    ) {
        let count = count.unwrap_or(MAX_REQUEST / (shape.least_json + 1));
        let rules = rule.program().as_ref().ok().into_iter();
        let costs = rules.map(|program| program.estimate(shape).saturating_mul(count));
        for cost in costs {
            self.spend(cost, "rule", format!("{place}.rule"), causes);
        }
        let message = rule.message_program().and_then(|it| it.as_ref().ok());
        if let Some(cost) = message.map(|program| program.estimate(shape)) {
            let place = format!("{place}.messageExpression");
            self.spend(cost, "messageExpression", place, causes);
        }
    }

    fn spend(&mut self, cost: u64, what: &str, place: String, causes: &mut Vec<Cause>) {
        if cost > RULE {
            let what = format!("estimated {what} cost");
            causes.push(forbidden(&place, &exceeds(&what, cost, RULE)));
        }
        self.spent = self.spent.saturating_add(cost);
        if cost >= ALL / 100 {
            self.dear.push((cost, place));
        }
    }

    /// Says so when all rules together cost too much.
    pub(super) fn total(&self, place: &str, causes: &mut Vec<Cause>) {
        if self.spent <= ALL {
            return;
        }
        let mut dear: Vec<_> = self.dear.iter().collect();
        dear.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        for (_, place) in dear.into_iter().take(NAMED) {
            let detail = "contributed to estimated rule cost total exceeding cost limit for entire \
                          OpenAPIv3 schema";
            causes.push(forbidden(place, detail));
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        causes.push(forbidden(place, &exceeds(what, self.spent, ALL)));
    }
}

fn forbidden(place: &str, detail: &str) -> Cause {
    Cause::new("FieldValueForbidden", place, format!("Forbidden: {detail}"))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a factor is told with one digit"
)]
fn exceeds(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, \
         maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}
