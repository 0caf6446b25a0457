namespace Libvirtd.Documents;

/// <summary>Upstream's validation of a memory module.</summary>
internal static class MemoryChecks
{
    /// <summary>The size of a transparent huge page, in KiB: no block may be smaller.</summary>
    private const ulong HugePage = 2048;

    public static void Apply(Node memory, Whole whole)
    {
        string model = memory["model"]!;
        Node? target = memory.Child("target");
        bool hasPath = memory.Find("source", "path") is not null;
        if (target?.ChildText("node") is { } node)
        {
            int nodes = whole.Root.Find("cpu", "numa")?.Count("cell") ?? 0;
            if (nodes == 0)
                throw whole.Detail("can't add memory backend as guest has no NUMA nodes configured");
            if (DomainRules.Number(node) >= (ulong)nodes)
                throw whole.Detail($"can't add memory backend for guest node '{node}' as the guest has only '{nodes}' NUMA nodes configured");
        }

        switch (model)
        {
            case "nvdimm":
                CheckNvdimm(memory, target, hasPath, whole);
                break;
            case "virtio-pmem":
                if (!hasPath)
                    throw whole.Detail($"path is required for model '{model}'");
                if (memory["discard"] == "yes")
                    throw whole.Unsupported($"discard is not supported for model '{model}'");
                if (memory["access"] != "shared")
                    throw whole.Unsupported("shared access mode required for virtio-pmem device");
                if (target?.Child("node") is not null)
                    throw whole.Unsupported("virtio-pmem does not support NUMA nodes");
                break;
            case "virtio-mem":
                CheckBlocks(memory, target, whole);
                break;
            case "sgx-epc" when DeviceChecks.AddressType(memory) is not null:
                throw whole.Unsupported("memory device address is not supported for model 'sgx-epc'");
            default:
                break;
        }
    }

    private static void CheckNvdimm(Node memory, Node? target, bool hasPath, Whole whole)
    {
        if (!hasPath)
            throw whole.Detail("path is required for model 'nvdimm'");
        if (memory["discard"] == "yes")
            throw whole.Unsupported("discard is not supported for nvdimms");
        bool isPower = whole.Root.Find("os", "type")!["arch"] is "ppc64" or "ppc64le";
        if (isPower && target?.Child("label") is null)
            throw whole.Unsupported("label size is required for NVDIMM device");
        if (!isPower && memory.Child("uuid") is not null)
            throw whole.Unsupported("UUID is not supported for NVDIMM device");
    }

    private static void CheckBlocks(Node memory, Node? target, Whole whole)
    {
        ulong size = DomainRules.Number(target?.ChildText("size"));
        ulong block = DomainRules.Number(target?.ChildText("block"));
        ulong requested = DomainRules.Number(target?.ChildText("requested"));
        if (requested > size)
            throw whole.Detail($"requested size must be smaller than or equal to @size ({size}KiB)");
        if (!ulong.IsPow2(block))
            throw whole.Detail("block size must be a power of two");
        if (block < HugePage)
            throw whole.Detail($"block size too small, must be at least {HugePage}KiB");
        if (requested % block != 0)
            throw whole.Detail("requested size must be an integer multiple of block size");
    }
}
