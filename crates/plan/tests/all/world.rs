//! A small model of a cluster, with a unit that applies to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_object::{FingerprintKey, Gvk, Object, ObjectRef, Origin, PackedObject};
use windlass_plan::{
    Approvals, Desired, DesiredSet, DryRun, Entry, Guards, Held, Inputs, Inventory, Live, Observed,
    Op, Others, Plan, Unit, plan,
};

/// Everything that a plan is made from, owned.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) unit: Unit,
    pub(crate) desired: Desired,
    pub(crate) inventory: Held,
    pub(crate) observed: BTreeMap<ObjectRef, Observed>,
    pub(crate) others: Others,
    pub(crate) approvals: Approvals,
    pub(crate) guards: Guards,
    pub(crate) key: FingerprintKey,
}

impl World {
    /// Returns an empty cluster and a unit that wants nothing and holds nothing.
    pub(crate) fn new() -> Self {
        let unit = Unit::new("flux-system", "hydra");
        Self {
            desired: Desired::Complete(DesiredSet::new(&unit, []).unwrap()),
            inventory: Held::Known(Inventory::default()),
            observed: BTreeMap::new(),
            others: Others::default(),
            approvals: Approvals::default(),
            guards: Guards::default(),
            key: FingerprintKey::new([7; 32]),
            unit,
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&Inputs {
            unit: &self.unit,
            revision: "main@sha1:0a1b2c3d",
            desired: &self.desired,
            inventory: &self.inventory,
            observed: &self.observed,
            others: &self.others,
            approvals: &self.approvals,
            guards: &self.guards,
            manager: "kustomize-controller",
            key: &self.key,
        })
    }

    pub(crate) fn want(mut self, objects: impl IntoIterator<Item = Object>) -> Self {
        self.desired = Desired::Complete(DesiredSet::new(&self.unit, objects).unwrap());
        self
    }

    pub(crate) fn hold(mut self, objects: impl IntoIterator<Item = Object>) -> Self {
        self.inventory = Held::Known(
            objects
                .into_iter()
                .map(|object| Entry::of(&object))
                .collect(),
        );
        self
    }

    pub(crate) fn live(mut self, id: &ObjectRef, live: Live) -> Self {
        self.observed
            .entry(id.clone())
            .or_insert_with(|| Observed::live(Live::Absent))
            .live = live;
        self
    }

    pub(crate) fn dry_run(mut self, id: &ObjectRef, dry_run: DryRun) -> Self {
        self.observed
            .entry(id.clone())
            .or_insert_with(|| Observed::live(Live::Absent))
            .dry_run = dry_run;
        self
    }

    /// Puts the object into the cluster as the unit itself would have.
    pub(crate) fn has(self, object: &Object) -> Self {
        let value = self.owned(object);
        self.live(object.id(), Live::Present(value))
    }

    /// Returns the object with the labels of the unit.
    pub(crate) fn owned(&self, object: &Object) -> Value {
        let set = DesiredSet::new(&self.unit, [object.clone()]).unwrap();
        set.get(object.id()).unwrap().open().into_value()
    }

    /// Does all dry runs of the desired objects: the server takes each as it is, if its namespace and the
    /// definition of its kind are there.
    pub(crate) fn try_all(mut self) -> Self {
        for object in self.desired_objects() {
            let missing: Vec<ObjectRef> = needs(&object)
                .into_iter()
                .filter(|id| !self.is_live(id))
                .collect();
            let dry_run = if missing.is_empty() {
                DryRun::Merged(object.value().clone())
            } else {
                DryRun::Deferred { until: missing }
            };
            self = self.dry_run(object.id(), dry_run);
        }
        self
    }

    /// The server refuses to change `spec` of the object, and would take it anew.
    pub(crate) fn immutable(self, id: &ObjectRef) -> Self {
        let objects = self.desired_objects();
        let object = objects.into_iter().find(|object| object.id() == id);
        let anew = object.map_or(DryRun::None, |object| DryRun::Merged(object.into_value()));
        self.refused(id, anew)
    }

    /// The server refuses to change `spec` of the object, and this is what a trial of creating it anew gives.
    pub(crate) fn refused(self, id: &ObjectRef, anew: DryRun) -> Self {
        let fields = vec!["spec".to_owned()];
        let anew = Box::new(anew);
        self.dry_run(id, DryRun::Immutable { fields, anew })
    }

    pub(crate) fn desired_objects(&self) -> Vec<Object> {
        match &self.desired {
            Desired::Complete(set) => set.objects().map(PackedObject::open).collect(),
            Desired::Failed { .. } => Vec::new(),
        }
    }

    pub(crate) fn held(&self) -> Inventory {
        match &self.inventory {
            Held::Known(inventory) => inventory.clone(),
            Held::Unknown { .. } => Inventory::default(),
        }
    }

    pub(crate) fn live_value(&self, id: &ObjectRef) -> Option<&Value> {
        match &self.observed.get(id)?.live {
            Live::Present(value) => Some(value),
            Live::Text(_) | Live::Absent | Live::Unknown { .. } => None,
        }
    }

    pub(crate) fn is_live(&self, id: &ObjectRef) -> bool {
        self.live_value(id).is_some()
    }

    /// Carries one action out.
    pub(crate) fn act(&mut self, id: &ObjectRef, op: Op) {
        let desired = self
            .desired_objects()
            .into_iter()
            .find(|object| object.id() == id);
        let live = match (op, desired) {
            (op, Some(object)) if op.is_apply() => Live::Present(object.into_value()),
            (Op::Prune, _) => Live::Absent,
            _ => return,
        };
        self.observed.get_mut(id).unwrap().live = live;
    }
}

/// What a dry run of the object needs to be there.
fn needs(object: &Object) -> Vec<ObjectRef> {
    let cluster = |group: &str, kind: &str, name: &str| ObjectRef {
        group: group.into(),
        kind: kind.into(),
        namespace: None,
        name: name.into(),
    };
    let namespace = object
        .id()
        .namespace
        .as_deref()
        .filter(|&namespace| namespace == "shop");
    let mut needs: Vec<_> = namespace
        .map(|name| cluster("", "Namespace", name))
        .into_iter()
        .collect();
    if object.gvk() == &Gvk::new("example.com/v1", "Widget") {
        needs.push(cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "widgets.example.com",
        ));
    }
    needs
}

/// Returns an object from its value, written at line 1 of a file of its name.
pub(crate) fn object(value: Value) -> Object {
    let object = Object::new(value).unwrap();
    let path = format!("hydra/{}.yaml", object.id().name);
    object.with_origin(Origin { path, line: 1 })
}

pub(crate) fn config_map(namespace: &str, name: &str, value: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
        "data": {"key": value},
    }))
}

pub(crate) fn secret(name: &str, value: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"},
        "data": {"PASSWORD": value},
    }))
}

pub(crate) fn namespace(name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

pub(crate) fn deployment(name: &str, image: &str, secret: &str) -> Object {
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
            {"name": "app", "image": image, "envFrom": [{"secretRef": {"name": secret}}]},
        ]}}},
    }))
}

pub(crate) fn definition() -> Object {
    object(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Widget"}},
    }))
}

pub(crate) fn widget(name: &str, size: &str) -> Object {
    object(json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": name, "namespace": "shop"}, "spec": {"size": size},
    }))
}

pub(crate) fn claim(name: &str, size: &str) -> Object {
    object(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"resources": {"requests": {"storage": size}}},
    }))
}

/// Returns the object with a control of Flux as an annotation.
pub(crate) fn controlled(object_: &Object, key: &str, value: &str) -> Object {
    let mut changed = object_.value().clone();
    changed["metadata"]["annotations"][format!("kustomize.toolkit.fluxcd.io/{key}")] = json!(value);
    object(changed)
}

pub(crate) fn storefront() -> Unit {
    Unit::new("flux-system", "storefront")
}

/// The cluster has `live`, the inventory holds it with the digest of what was applied, and the source wants `desired`.
pub(crate) fn deployed(live: &[Object], desired: Vec<Object>) -> World {
    let mut world = World::new().want(desired);
    let entries = live.iter().map(|object| Entry {
        applied: Some(world.key.digest(&world.owned(object))),
        ..Entry::of(object)
    });
    world.inventory = Held::Known(entries.collect());
    for object in live {
        world = world.has(object);
    }
    for object in world.desired_objects() {
        if !world.observed.contains_key(object.id()) {
            world = world.live(object.id(), Live::Absent);
        }
    }
    world.try_all()
}

/// Returns this many small objects.
pub(crate) fn maps(count: usize) -> Vec<Object> {
    (0..count)
        .map(|index| config_map("default", &format!("c{index}"), "1"))
        .collect()
}
