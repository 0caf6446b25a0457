namespace Libvirtd.Rpc.Tests;

/// <summary>Tests that measure the process (its heap, its descriptors) run while no other test does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
