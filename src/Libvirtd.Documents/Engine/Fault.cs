using System.Diagnostics.CodeAnalysis;
using Libvirtd.Protocol;

namespace Libvirtd.Documents;

/// <summary>A rule's own error: its code and its text, where <c>{0}</c> is the value that broke it, and whose error it is, where that is not the document's.</summary>
public sealed record FaultText(ErrorCode Code, string Format, ErrorDomain? Domain = null)
{
    public static FaultText Xml(string format) => new(ErrorCode.XmlError, format);

    public static FaultText Unsupported(string format) => new(ErrorCode.ConfigUnsupported, format);

    public static FaultText Internal(string format) => new(ErrorCode.InternalError, format);

    /// <summary>VIR_ERR_XML_DETAIL: the text has no prefix.</summary>
    public static FaultText Detail(string format) => new(ErrorCode.XmlDetail, format);

    public VirException ToException(ErrorDomain domain, string value) =>
        VirException.Of(Code, Domain ?? domain, Format.Replace("{0}", value, StringComparison.Ordinal));
}

/// <summary>The errors that all documents share, worded as upstream words them.</summary>
internal static class Fault
{
    [DoesNotReturn]
    public static void ThrowMissingAttribute(string element, string attribute) => throw VirException.Of(
        ErrorCode.XmlError, ErrorDomain.Xml, $"Missing required attribute '{attribute}' in element '{element}'");

    public static VirException BadAttribute(string element, string attribute, string value, string expectation) => VirException.Of(
        ErrorCode.XmlError, ErrorDomain.Xml, $"Invalid value for attribute '{attribute}' in element '{element}': '{value}'.{expectation}");

    public static VirException ZeroAttribute(string element, string attribute) => VirException.Of(
        ErrorCode.XmlError, ErrorDomain.Xml, $"Invalid value for attribute '{attribute}' in element '{element}': Zero is not permitted");

    public static VirException Xml(ErrorDomain domain, string detail) => VirException.Of(ErrorCode.XmlError, domain, detail);

    public static VirException Unsupported(ErrorDomain domain, string detail) => VirException.Of(ErrorCode.ConfigUnsupported, domain, detail);

    /// <summary>VIR_ERR_XML_DETAIL: the text has no prefix.</summary>
    public static VirException Detail(ErrorDomain domain, string detail) => VirException.Of(ErrorCode.XmlDetail, domain, detail);

    public static VirException Internal(ErrorDomain domain, string detail) => VirException.Of(ErrorCode.InternalError, domain, detail);
}
