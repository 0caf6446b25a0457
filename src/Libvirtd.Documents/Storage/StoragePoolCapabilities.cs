namespace Libvirtd.Documents;

/// <summary>The types of storage pools, and the formats of each, as a client asks for them.</summary>
public static class StoragePoolCapabilities
{
    private static readonly ElementSchema s_open = ElementSchema.Element("pool").Open();

    /// <summary>The document of a host that has all types.</summary>
    public static string Format()
    {
        Node root = new("storagepoolCapabilities");
        foreach (StoragePoolType type in StoragePoolType.All)
        {
            Node pool = new("pool", s_open);
            root.Append(pool);
            pool.Append("type", type.Name);
            pool.Append("supported", "yes");
            AddFormats(pool, "poolOptions", "sourceFormatType", type.PoolFormats);
            AddFormats(pool, "volOptions", "targetFormatType", type.VolumeFormats);
        }

        return DocumentWriter.Write(root);
    }

    /// <summary>The first format is the default; the list is in the order of numbers, which begins with none or an unknown one.</summary>
    private static void AddFormats(Node pool, string name, string list, string[]? formats)
    {
        if (formats is null)
            return;
        Node options = new(name);
        pool.Append(options);
        Node usual = new("defaultFormat");
        usual.Append("type", formats[0]);
        options.Append(usual);
        Node all = new("enum");
        all.Append("name", list);
        options.Append(all);
        foreach (string format in formats.OrderBy(static format => format is not ("none" or "unknown")))
            all.Append(new Node("value") { Text = format });
    }
}
