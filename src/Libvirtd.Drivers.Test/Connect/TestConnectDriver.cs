using System.Net;
using System.Net.Sockets;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What <c>test:///</c> tells of itself and of the machine that it pretends to be.</summary>
internal sealed partial class TestConnectDriver(TestHost host, string uri) : ConnectDriver
{
    private const ulong HypervisorVersion = 2;

    private const string Sysinfo = """
        <sysinfo type='smbios'>
          <bios>
            <entry name='vendor'>LENOVO</entry>
            <entry name='version'>G4ETA1WW (2.61 )</entry>
            <entry name='date'>05/07/2014</entry>
            <entry name='release'>2.61</entry>
          </bios>
        </sysinfo>

        """;

    private string? _hostname;

    public override ValueTask<string> GetType(CallContext call) => new("TEST");

    public override ValueTask<ulong> GetVersion(CallContext call) => new(HypervisorVersion);

    public override ValueTask<int> GetMaxVcpus(CallContext call, string? type) => new(TestHost.MostVcpus);

    public override ValueTask<string> GetUri(CallContext call) => new(uri);

    public override ValueTask<bool> IsSecure(CallContext call) => new(true);

    public override ValueTask<string> GetCapabilities(CallContext call) => new(host.Capabilities);

    public override ValueTask<string> GetHostname(CallContext call) => _hostname is { } known ? new(known) : FindHostnameAsync();

    public override ValueTask<string> GetSysinfo(CallContext call, uint flags)
    {
        FlagCheck.Require(flags, 0, "testConnectGetSysinfo");
        return new(Sysinfo);
    }

    /// <summary>The machine's name in full, where the resolver knows it.</summary>
    private async ValueTask<string> FindHostnameAsync()
    {
        string name = Environment.MachineName;
        if (!name.Contains('.', StringComparison.Ordinal) && !name.StartsWith("localhost", StringComparison.Ordinal))
        {
            try
            {
                string full = (await Dns.GetHostEntryAsync(name)).HostName;
                if (full.Length > 0 && !full.StartsWith("localhost", StringComparison.Ordinal))
                    name = full;
            }
            catch (SocketException)
            {
                // Nobody knows it by another name.
            }
        }

        return _hostname = name;
    }
}
