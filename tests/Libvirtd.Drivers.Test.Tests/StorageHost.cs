using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>A host with the default document's pool, network, interface and devices, and what was raised on it.</summary>
internal sealed class StorageHost : IEventListener
{
    public const string Network = """
        <network>
          <name>default</name>
          <uuid>dd8fe884-6c02-601e-7551-cca97df1c5df</uuid>
          <bridge name='virbr0'/>
          <forward/>
          <ip address='192.168.122.1' netmask='255.255.255.0'>
            <dhcp>
              <range start='192.168.122.2' end='192.168.122.254'/>
            </dhcp>
          </ip>
        </network>
        """;

    public StorageHost()
    {
        TestHost host = TestHost.Default(TimeProvider.System, new IdentitySource(1));
        host.Events.Add(this);
        Networks = new TestNetworkDriver(host.Networks);
        Interfaces = new TestInterfaceDriver(host.Interfaces);
        Devices = new TestNodeDeviceDriver(host.NodeDevices);
        Pools = new TestStoragePoolDriver(host.Storage);
        Volumes = new TestStorageVolDriver(host.Storage);
        DefaultPool = host.Storage.Get("default-pool").Ref;
    }

    public CallContext Call { get; } = FakeCall.Instance;

    public NetworkDriver Networks { get; }

    public InterfaceDriver Interfaces { get; }

    public NodeDeviceDriver Devices { get; }

    public StoragePoolDriver Pools { get; }

    public StorageVolDriver Volumes { get; }

    public StoragePoolRef DefaultPool { get; }

    /// <summary>What was raised, in order: kind, name and event.</summary>
    public List<string> Raised { get; } = [];

    public async Task<StorageVolRef> MakeVolume(string name, ulong capacity, string more = "") =>
        await Volumes.CreateXml(Call, DefaultPool, $"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>0</allocation>{more}</volume>", 0);

    public void OnEvent(DriverEvent raised) => Raised.Add(raised switch
    {
        NetworkLifecycleEvent e => $"net {e.Net.Name} {(NetworkEventLifecycleType)e.Event}",
        StoragePoolLifecycleEvent e => $"pool {e.Pool.Name} {(StoragePoolEventLifecycleType)e.Event}",
        StoragePoolRefreshEvent e => $"pool {e.Pool.Name} Refresh",
        NodeDeviceLifecycleEvent e => $"device {e.Dev.Name} {(NodeDeviceEventLifecycleType)e.Event}",
        _ => raised.GetType().Name,
    });

    /// <summary>The call fails with this code and text.</summary>
    public static async Task Fails(ErrorCode code, string text, Func<ValueTask> call)
    {
        VirException error = await Assert.ThrowsAsync<VirException>(async () => await call());
        Assert.Equal((code, text), (error.Code, error.Message));
    }

    /// <summary>The call fails with this code and text.</summary>
    public static Task Fails<T>(ErrorCode code, string text, Func<ValueTask<T>> call) => Fails(code, text, async () => { await call(); });
}
