using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>Validation by the schema, for callers who ask for it: what libvirt would silently drop is an error, and so is what is out of order.</summary>
internal static class SchemaValidator
{
    /// <summary>Refuses a document that breaks its schema.</summary>
    /// <param name="raw">The document's root, as it was read.</param>
    /// <param name="file">The schema: such as <c>domain.rng</c>.</param>
    /// <exception cref="VirException">VIR_ERR_XML_INVALID_SCHEMA: the element or attribute at fault and the way to it.</exception>
    public static void Check(Node raw, string file)
    {
        Grammar grammar = Grammar.Instance;
        if (new Matcher(grammar.Pool).FindRoot(grammar.Root(file), raw) is { } fault)
        {
            throw VirException.Of(ErrorCode.XmlInvalidSchema, ErrorDomain.Xml,
                $"Unable to validate doc against /usr/share/libvirt/schemas/{file}\n{fault}\n");
        }
    }
}
