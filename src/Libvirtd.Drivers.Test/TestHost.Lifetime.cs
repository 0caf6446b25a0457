namespace Libvirtd.Drivers.Test;

internal sealed partial class TestHost : IDisposable
{
    /// <summary>Its last connection is gone: nothing happens on it any more.</summary>
    public void Dispose()
    {
        BlockJobs.Dispose();
        foreach (TestDomain domain in Domains.All)
        {
            domain.Backup?.Cancel();
            if (domain.HasJob)
                domain.Jobs.Current?.Abort();
        }

        Images.Contents.Dispose();
    }
}
