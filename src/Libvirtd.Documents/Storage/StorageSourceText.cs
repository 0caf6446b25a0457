using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A pool's source alone, as the search for pools takes it to say where to look.</summary>
public static class StorageSourceText
{
    /// <summary>The name of the source's first host; null where it has none.</summary>
    /// <exception cref="VirException">The text is no XML, or no source of such a pool; or there is no such type.</exception>
    public static string? ParseHost(string xml, string poolType)
    {
        Node raw = DocumentReader.Read(xml, "(storage_source_specification)", ErrorDomain.Storage, "source");
        if (TypeNumber(poolType) < 0)
            throw Fault.Internal(ErrorDomain.Storage, "missing backend for pool type -1");
        ElementSchema schema = StoragePoolSchema.Root(poolType).FindChild("source")!;
        return DocumentNormaliser.Apply(schema, raw, null, new ParseContext { Domain = ErrorDomain.Storage })?.Child("host")?["name"];
    }

    /// <summary>The pool type's number among all types; 0 is "dir", -1 is none.</summary>
    public static int TypeNumber(string poolType) => Array.FindIndex(StoragePoolType.All, type => type.Name == poolType);
}
