namespace Libvirtd.Drivers.Test;

/// <summary>Where a snapshot keeps memory or a disk, in the document's words.</summary>
internal static class SnapshotPlace
{
    public const string No = "no";
    public const string Internal = "internal";
    public const string External = "external";
}
