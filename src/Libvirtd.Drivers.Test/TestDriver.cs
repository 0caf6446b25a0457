using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// <c>test:///</c>: a hypervisor in memory. <c>test:///default</c> is one host that all its connections share; it is born with the first of them
/// and dies with the last. <c>test:///path/to/file.xml</c> is a host of its own for each connection.
/// </summary>
public sealed class TestDriver(TimeProvider time, IdentitySource identities) : Driver
{
    private readonly Lock _lock = new();
    private TestDocument? _defaultDocument;
    private TestHost? _default;
    private int _defaultUsers;

    /// <summary>A driver with the system's clock and random identities.</summary>
    public TestDriver()
        : this(TimeProvider.System, new IdentitySource())
    {
    }

    /// <inheritdoc/>
    public override string Name => "TEST";

    /// <inheritdoc/>
    public override string? DefaultUri => "test:///default";

    /// <inheritdoc/>
    public override ValueTask<DriverConnection?> OpenAsync(ConnectRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        // What names a server is to be had there, not here.
        if (request.Uri.Scheme != "test" || !string.IsNullOrEmpty(request.Uri.Server))
            return new((DriverConnection?)null);
        string path = request.Uri.Path;
        if (path is "" or "/")
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "testOpen: supply a path or use test:///default");
        return path == "/default"
            ? new(new TestConnection(this, AcquireDefault(), request.Name, isDefault: true))
            : OpenFileAsync(request.Name, path, cancel);
    }

    /// <summary>A connection to the default host has ended.</summary>
    internal void ReleaseDefault()
    {
        lock (_lock)
        {
            if (--_defaultUsers == 0)
                _default = null;
        }
    }

    private TestHost AcquireDefault()
    {
        lock (_lock)
        {
            TestHost host = _default ??= TestHost.Of(_defaultDocument ??= TestHost.DefaultDocument(identities), time, identities);
            _defaultUsers++;
            return host;
        }
    }

    private async ValueTask<DriverConnection?> OpenFileAsync(string uri, string path, CancellationToken cancel)
    {
        // Reading files may take its time: not on the thread that serves the connection.
        TestHost host = await Task.Run(() => TestHost.Load(path, time, identities), cancel);
        return new TestConnection(this, host, uri, isDefault: false);
    }
}
