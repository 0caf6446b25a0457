namespace Libvirtd.Documents;

/// <summary>The namespaces of elements that only one driver knows, by the prefixes that the schemas write for them.</summary>
internal static class SchemaNamespaces
{
    public static string Uri(string prefix) => prefix switch
    {
        "qemu" or "lxc" or "bhyve" or "xen" or "vmware" => $"http://libvirt.org/schemas/domain/{prefix}/1.0",
        "fs" or "rbd" => $"http://libvirt.org/schemas/storagepool/{prefix}/1.0",
        "dnsmasq" => "http://libvirt.org/schemas/network/dnsmasq/1.0",
        _ => throw new FormatException($"no namespace {prefix}"),
    };
}
