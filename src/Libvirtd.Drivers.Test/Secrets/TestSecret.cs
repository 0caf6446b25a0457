using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>A secret and its value at one moment. Never changes: a change makes another one.</summary>
internal sealed record TestSecret
{
    /// <summary>The uses of secrets, in the order of virSecretUsageType.</summary>
    private static readonly string?[] s_usages = [null, "volume", "ceph", "iscsi", "tls", "vtpm"];

    public TestSecret(SecretDocument document)
    {
        Document = document;
        Usage = (SecretUsageType)Array.IndexOf(s_usages, document.UsageType is "none" ? null : document.UsageType);
        Ref = new SecretRef { Uuid = document.Uuid, UsageType = (int)Usage, UsageID = document.UsageId ?? "" };
        Xml = document.Format();
    }

    public SecretDocument Document { get; }

    public SecretRef Ref { get; }

    public SecretUsageType Usage { get; }

    public string Xml { get; }

    /// <summary>The value; null until one was set.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Whether it is the secret of that use. One without a use is nobody's.</summary>
    public bool IsFor(SecretUsageType usage, string? id) => usage != SecretUsageType.None && Usage == usage && Document.UsageId == id;
}
