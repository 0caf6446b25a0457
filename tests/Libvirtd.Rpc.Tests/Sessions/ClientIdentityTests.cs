using Libvirtd.Drivers;

namespace Libvirtd.Rpc.Tests.Sessions;

public sealed class ClientIdentityTests
{
    [Fact]
    public void A_local_process_start_time_is_what_the_kernel_tells()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        ulong started = ulong.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], System.Globalization.CultureInfo.InvariantCulture);
        ClientIdentity local = new() { ProcessId = Environment.ProcessId, IsLocalProcess = true };
        Assert.Equal(started, local.ProcessTime);
        Assert.Equal(started, (local with { UserName = "joe" }).ProcessTime);
    }

    [Fact]
    public void A_process_of_another_machine_is_not_looked_up_here()
    {
        Assert.Null(new ClientIdentity { ProcessId = Environment.ProcessId }.ProcessTime);
        Assert.Equal(7ul, new ClientIdentity { ProcessId = Environment.ProcessId, ProcessTime = 7 }.ProcessTime);
        Assert.Null(new ClientIdentity { ProcessId = int.MaxValue, IsLocalProcess = true }.ProcessTime);
    }
}
