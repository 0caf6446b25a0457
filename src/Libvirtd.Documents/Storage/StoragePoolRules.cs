using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>What a pool of each type needs, and what follows from its name.</summary>
internal static class StoragePoolRules
{
    public static bool Finish(StoragePoolType type, in Scope scope)
    {
        Node pool = scope.Node;
        Node source = pool.Child("source")!;
        ErrorDomain domain = scope.Context.Domain;
        if (type.Name == "rbd" && scope.Raw.Child("source") is not null && source.Child("name") is null)
            throw Fault.Xml(domain, "element 'name' is mandatory for RBD pool");
        bool named = type.Source.HasFlag(PoolSource.Name);
        string name = pool.ChildText("name") ?? (named ? source.ChildText("name") : null) ?? throw Fault.Xml(domain, "missing pool source name element");
        if (name.Contains('/', StringComparison.Ordinal))
            throw Fault.Xml(domain, $"name {name} cannot contain '/'");
        pool.SetChildText("name", name);
        if (pool.Child("uuid") is null)
            pool.SetChildText("uuid", scope.Context.NewUuid().ToString("D"));
        if (type.Source.HasFlag(PoolSource.Host) && source.Child("host") is null)
            throw Fault.Xml(domain, "missing storage pool source host name");
        if (type.Source.HasFlag(PoolSource.Directory) && source.Child("dir") is null)
        {
            if (type.Name != "gluster")
                throw Fault.Xml(domain, "missing storage pool source path");
            source.Add("dir")["path"] = "/";
        }

        if (type.Source.HasFlag(PoolSource.Adapter) && source.Child("adapter") is null)
            throw Fault.Xml(domain, "missing storage pool source adapter");
        if (named && source.Child("name") is null)
            source.SetChildText("name", name);
        if (type.Source == PoolSource.Device && source.Child("device") is null)
            throw Fault.Xml(domain, "missing storage pool source device name");
        if (!type.Source.HasFlag(PoolSource.Network))
            FinishTarget(type, pool, source, domain);
        return type.Name == "iscsi-direct" && source.Find("initiator", "iqn")?["name"] is null
            ? throw Fault.Unsupported(domain, "missing initiator IQN")
            : true;
    }

    private static void FinishTarget(StoragePoolType type, Node pool, Node source, ErrorDomain domain)
    {
        Node target = pool.Child("target")!;
        string path = type.Name switch
        {
            "logical" => "/dev/" + source.ChildText("name"),
            "zfs" => "/dev/zvol/" + source.ChildText("name"),
            _ => target.ChildText("path") ?? throw Fault.Xml(domain, "missing storage pool target path"),
        };
        target.SetChildText("path", SanitizePath(path));
    }

    /// <summary>A path with single slashes and none at its end; two slashes at its start stay two.</summary>
    internal static string SanitizePath(string path)
    {
        if (path.Length == 0)
            return path;
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string start = path.StartsWith("//", StringComparison.Ordinal) && !path.StartsWith("///", StringComparison.Ordinal) ? "//"
            : path[0] == '/' ? "/" : "";
        return start + string.Join('/', parts);
    }
}
