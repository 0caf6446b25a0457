using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// <c>test:///</c>: a hypervisor in memory. <c>test:///default</c> is one host that all its connections with the same options share; it is born
/// with the first of them and dies with the last. <c>test:///path/to/file.xml</c> is a host of its own for each connection. The URI's query says
/// which clock a host has, and more: docs/testing.md.
/// </summary>
public sealed class TestDriver(TimeProvider time, IdentitySource identities) : Driver
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TestOptions, SharedHost> _shared = [];
    private TestDocument? _defaultDocument;

    /// <summary>A driver with the system's clock and random identities.</summary>
    public TestDriver()
        : this(TimeProvider.System, new IdentitySource())
    {
    }

    /// <summary>Reaches hosts of other servers for migrations that the source does itself; without it only hosts of this driver are reached.</summary>
    public OpenMigrationPeer? RemotePeers { get; init; }

    /// <summary>
    /// The <c>auth.conf</c> with the credentials for hosts whose file names users; null looks for it where libvirt does: <c>LIBVIRT_AUTH_FILE</c>, the
    /// user's, <c>/etc/libvirt/auth.conf</c>.
    /// </summary>
    public string? AuthFile { get; init; }

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
        TestOptions options = TestOptions.Parse(request.Uri);
        return path == "/default"
            ? new(new TestConnection(this, AcquireDefault(options), request.Name, options))
            : OpenFileAsync(request.Name, path, options, cancel);
    }

    /// <inheritdoc/>
    /// <remarks>Of the shared hosts: a file's host is its connection's own affair.</remarks>
    public override IEnumerable<GuestCount> CountGuests() =>
        SharedDomains().CountBy(domain => domain.View.State).Select(count => new GuestCount(count.Key, count.Value));

    /// <inheritdoc/>
    /// <remarks>Block jobs, one for each disk, and jobs of domains, one for each of them.</remarks>
    public override int CountJobs() => SharedDomains().Sum(domain => domain.View.Blocks.Jobs.Count + (domain.HasJob ? 1 : 0));

    /// <summary>A connection to the default host of these options has ended.</summary>
    internal void ReleaseDefault(TestOptions options)
    {
        lock (_lock)
        {
            SharedHost shared = _shared[options];
            if (--shared.Users > 0)
                return;
            if (options.Keep > TimeSpan.Zero)
                shared.Ending = time.CreateTimer(_ => End(options, shared), null, options.Keep, Timeout.InfiniteTimeSpan);
            else
                End(options, shared);
        }
    }

    /// <summary>The host ends, unless somebody has opened it again.</summary>
    private void End(TestOptions options, SharedHost shared)
    {
        lock (_lock)
        {
            if (shared.Users > 0 || !_shared.TryGetValue(options, out SharedHost? known) || known != shared)
                return;
            _shared.Remove(options);
            shared.Ending?.Dispose();
            shared.Host.Dispose();
        }
    }

    private IEnumerable<TestDomain> SharedDomains()
    {
        TestHost[] hosts;
        lock (_lock)
            hosts = [.. _shared.Values.Select(shared => shared.Host)];
        return hosts.SelectMany(host => host.Domains.All);
    }

    /// <summary>Opens the destination of a migration: here, or elsewhere.</summary>
    internal async ValueTask<IMigrationPeer> OpenPeerAsync(string uri, CancellationToken cancel)
    {
        ConnectUri parsed = ConnectUri.Parse(uri);
        ConnectRequest request = new(uri, parsed, IsReadOnly: false, ClientIdentity.Unknown);
        if (await OpenAsync(request, cancel).ConfigureAwait(false) is { } here)
            return new LocalPeer(here);
        return RemotePeers is { } open ? await open(uri, cancel).ConfigureAwait(false) : throw VirException.Of(ErrorCode.NoConnect, ErrorDomain.None, uri);
    }

    private TestHost AcquireDefault(TestOptions options)
    {
        lock (_lock)
        {
            if (!_shared.TryGetValue(options, out SharedHost? shared))
                _shared[options] = shared = new SharedHost(MakeDefault(options));
            shared.Users++;
            shared.Ending?.Dispose();
            shared.Ending = null;
            return shared.Host;
        }
    }

    private TestHost MakeDefault(TestOptions options)
    {
        IdentitySource own = options.MakeIdentities(identities);
        // The document may hold addresses that were made: those of a seed are its own.
        TestDocument document = options.Seed is null ? _defaultDocument ??= TestHost.DefaultDocument(identities) : TestHost.DefaultDocument(own);
        return TestHost.Of(document, options.MakeClock(time), own, options);
    }

    private async ValueTask<DriverConnection?> OpenFileAsync(string uri, string path, TestOptions options, CancellationToken cancel)
    {
        // Reading files may take its time: not on the thread that serves the connection.
        IdentitySource own = options.MakeIdentities(identities);
        TestHost host = await Task.Run(
            () =>
            {
                TestDocument document = TestHost.ReadDocument(path, own);
                HostUsers.Check(document.Users, AuthFile ?? CredentialsFile.DefaultPath);
                return TestHost.Of(document, options.MakeClock(time), own, options);
            },
            cancel).ConfigureAwait(false);
        return new TestConnection(this, host, uri, sharedAs: null);
    }

    private sealed class SharedHost(TestHost host)
    {
        public TestHost Host { get; } = host;

        public int Users { get; set; }

        /// <summary>Ends a host that nobody uses and that is kept for a while; null while somebody does.</summary>
        public ITimer? Ending { get; set; }
    }
}
