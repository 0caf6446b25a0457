namespace Libvirtd.Documents;

/// <summary>How much a document may hold. The wire's own bound on a string is 4 MiB; these keep what a hostile text can cost in proportion.</summary>
public static class DocumentLimits
{
    /// <summary>Characters in a document.</summary>
    public const int MaxCharacters = 32 * 1024 * 1024;

    /// <summary>Elements inside elements; libxml2's own bound is 256 as well.</summary>
    public const int MaxDepth = 256;

    /// <summary>Elements in a document.</summary>
    public const int MaxElements = 500_000;

    /// <summary>Attributes of one element.</summary>
    public const int MaxAttributes = 256;
}
