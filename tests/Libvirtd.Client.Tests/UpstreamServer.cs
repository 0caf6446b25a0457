using Libvirtd.Interop.Daemons;

namespace Libvirtd.Client.Tests;

/// <summary>An installed libvirtd. Where it cannot be started, <see cref="Missing"/> says why and the tests are skipped.</summary>
public sealed class UpstreamServer : IAsyncLifetime
{
    private readonly UpstreamDaemon _daemon = new();

    public string? Missing { get; private set; }

    public string Uri => _daemon.Uri(Interop.Daemons.Transport.Unix);

    public async ValueTask InitializeAsync()
    {
        Missing = _daemon.Missing;
        if (Missing is not null)
            return;
        try
        {
            await _daemon.StartAsync(TestContext.Current.CancellationToken);
        }
        catch (InvalidOperationException failure)
        {
            Missing = $"libvirtd does not start here: {failure.Message}";
        }
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();
}
