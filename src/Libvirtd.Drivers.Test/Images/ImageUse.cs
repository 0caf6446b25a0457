namespace Libvirtd.Drivers.Test;

/// <summary>Somebody who needs an image file.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Target">Its disk.</param>
/// <param name="Snapshot">The domain's snapshot that needs it; null where the domain itself does.</param>
/// <param name="IsLive">The running definition names it; otherwise the one for the next start, or the snapshot.</param>
internal readonly record struct ImageUse(TestDomain Domain, string Target, string? Snapshot, bool IsLive);
