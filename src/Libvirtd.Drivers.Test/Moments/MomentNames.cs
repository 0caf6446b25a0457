// The moments of a domain by their own names.
global using CheckpointNode = Libvirtd.Drivers.Test.MomentNode<Libvirtd.Drivers.Test.CheckpointDefinition>;
global using CheckpointTree = Libvirtd.Drivers.Test.MomentTree<Libvirtd.Drivers.Test.CheckpointDefinition>;
global using SnapshotNode = Libvirtd.Drivers.Test.MomentNode<Libvirtd.Drivers.Test.SnapshotDefinition>;
global using SnapshotTree = Libvirtd.Drivers.Test.MomentTree<Libvirtd.Drivers.Test.SnapshotDefinition>;
