//! From desired objects, an inventory and the live ones to a plan.
