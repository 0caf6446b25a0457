using Libvirtd.Protocol;

namespace Libvirtd.Client.Tests;

/// <summary>The client against libvirt's own daemon and its test driver.</summary>
public sealed class UpstreamTests(UpstreamServer server) : IClassFixture<UpstreamServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Domains_are_listed_and_described()
    {
        await using LibvirtConnection connection = await OpenAsync();
        Assert.Equal("TEST", await connection.Remote.ConnectGetTypeAsync(Cancel));
        Assert.Equal("test:///default", await connection.Remote.ConnectGetUriAsync(Cancel));
        ConnectListAllDomainsRet domains = await connection.Remote.ConnectListAllDomainsAsync(1, cancel: Cancel);
        DomainRef domain = Assert.Single(domains.Domains);
        Assert.Equal(("test", 1, 1u), (domain.Name, domain.Id, domains.Ret));
        DomainGetInfoRet info = await connection.Remote.DomainGetInfoAsync(domain, Cancel);
        Assert.Equal((1, 8388608ul, 2), (info.State, info.MaxMem, info.NrVirtCpu));
        Assert.Contains($"<uuid>{domain.Uuid}</uuid>", await connection.Remote.DomainGetXmlDescAsync(domain, cancel: Cancel), StringComparison.Ordinal);
        NodeGetInfoRet node = await connection.Remote.NodeGetInfoAsync(Cancel);
        Assert.Equal(32, node.Model.Length);
        Assert.Equal("i686", System.Text.Encoding.ASCII.GetString(node.Model).TrimEnd('\0'));
    }

    [Fact]
    public async Task Suspending_a_domain_raises_its_event()
    {
        await using LibvirtConnection connection = await OpenAsync();
        DomainRef domain = await connection.Remote.DomainLookupByNameAsync("test", Cancel);
        await using EventSubscription<DomainEventCallbackLifecycleMsg> all = await connection.SubscribeAsync(LibvirtEvents.DomainLifecycle, cancel: Cancel);
        await using EventSubscription<DomainEventCallbackLifecycleMsg> own = await connection.SubscribeAsync(LibvirtEvents.DomainLifecycle, domain, Cancel);
        await connection.Remote.DomainSuspendAsync(domain, Cancel);
        foreach (EventSubscription<DomainEventCallbackLifecycleMsg> events in new[] { all, own })
        {
            DomainEventCallbackLifecycleMsg raised = await events.ReadAsync(Cancel);
            Assert.Equal((events.CallbackId, "test", (int)DomainEventType.Suspended), (raised.CallbackID, raised.Msg.Dom.Name, raised.Msg.Event));
        }
        await connection.Remote.DomainResumeAsync(domain, Cancel);
        Assert.Equal((int)DomainEventType.Resumed, (await own.ReadAsync(Cancel)).Msg.Event);
    }

    [Fact]
    public async Task A_snapshot_is_taken_and_found()
    {
        await using LibvirtConnection connection = await OpenAsync();
        DomainRef domain = await connection.Remote.DomainLookupByNameAsync("test", Cancel);
        DomainSnapshotRef snapshot = await connection.Remote.DomainSnapshotCreateXmlAsync(domain, "<domainsnapshot><name>s1</name></domainsnapshot>", cancel: Cancel);
        Assert.Equal(("s1", domain.Uuid), (snapshot.Name, snapshot.Dom.Uuid));
        DomainListAllSnapshotsRet all = await connection.Remote.DomainListAllSnapshotsAsync(domain, 1, cancel: Cancel);
        Assert.Equal("s1", Assert.Single(all.Snapshots).Name);
        await connection.Remote.DomainSnapshotDeleteAsync(snapshot, cancel: Cancel);
        Assert.Empty((await connection.Remote.DomainListAllSnapshotsAsync(domain, 1, cancel: Cancel)).Snapshots);
    }

    [Fact]
    public async Task A_screenshot_streams_a_picture()
    {
        await using LibvirtConnection connection = await OpenAsync();
        DomainRef domain = await connection.Remote.DomainLookupByNameAsync("test", Cancel);
        (string? mime, ClientStream stream) = await connection.Remote.DomainScreenshotAsync(domain, 0, 0, Cancel);
        Assert.Equal("image/png", mime);
        byte[] buffer = new byte[1 << 20];
        int length = 0, count;
        while ((count = await stream.ReadAsync(buffer.AsMemory(length), Cancel)) > 0)
            length += count;
        await stream.FinishAsync(Cancel);
        Assert.Equal("89504E470D0A1A0A", Convert.ToHexString(buffer.AsSpan(0, 8)));
        Assert.InRange(length, 100, buffer.Length - 1);
    }

    [Fact]
    public async Task Errors_are_libvirts_own()
    {
        await using LibvirtConnection connection = await OpenAsync();
        VirException missing = await Assert.ThrowsAsync<VirException>(() => connection.Remote.DomainLookupByNameAsync("nobody", Cancel));
        Assert.Equal((ErrorCode.NoDomain, ErrorDomain.Test), (missing.Code, missing.Domain));
        await using LibvirtConnection reader = await OpenAsync(new LibvirtClientOptions { ReadOnly = true });
        DomainRef domain = await reader.Remote.DomainLookupByNameAsync("test", Cancel);
        VirException denied = await Assert.ThrowsAsync<VirException>(() => reader.Remote.DomainDestroyAsync(domain, Cancel));
        Assert.Equal("operation forbidden: read only access prevents virDomainDestroy", denied.Message);
    }

    [Fact]
    public async Task A_thousand_calls_may_be_under_way()
    {
        await using LibvirtConnection connection = await OpenAsync();
        ulong[] versions = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => connection.Remote.ConnectGetVersionAsync(Cancel)));
        Assert.All(versions, version => Assert.Equal(2ul, version));
    }

    private async Task<LibvirtConnection> OpenAsync(LibvirtClientOptions? options = null)
    {
        if (server.Missing is { } reason)
            Assert.Skip(reason);
        return await LibvirtConnection.OpenAsync(server.Uri, options, Cancel);
    }
}
