using System.Text.Json.Nodes;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>Gives a host commands through a domain's monitor, as virsh does.</summary>
internal static class Tester
{
    private static readonly Dictionary<string, ProcedureInfo> s_procedures =
        RemoteProgram.Procedures.Where(static one => !one.IsEvent).DistinctBy(static one => one.Api).ToDictionary(static one => one.Api);

    /// <summary>A command in words; returns what it answers.</summary>
    public static JsonNode Command(this Hypervisor host, string words, string domain = "test") =>
        JsonNode.Parse(host.Connection.Qemu.MonitorCommand(Hypervisor.Call, host.Find(domain), words, DomainQemuMonitorCommandFlags.Hmp).AsTask()
            .GetAwaiter().GetResult())!;

    /// <summary>A command in JSON; returns the whole answer.</summary>
    public static string Json(this Hypervisor host, string json) =>
        host.Connection.Qemu.MonitorCommand(Hypervisor.Call, host.Test, json, 0).AsTask().GetAwaiter().GetResult();

    /// <summary>What the host's faults make of a call.</summary>
    public static ValueTask<CallVerdict> Before(this Hypervisor host, string api) =>
        host.Connection.Interceptor is { } interceptor ? interceptor.BeforeAsync(Hypervisor.Call, s_procedures[api]) : default;

    /// <summary>The stream as the host's faults let it pass.</summary>
    public static StreamEndpoint OnStream(this Hypervisor host, string api, StreamEndpoint endpoint) =>
        host.Connection.Interceptor?.OnStream(Hypervisor.Call, s_procedures[api], endpoint) ?? endpoint;

    /// <summary>Whether a fault hits a call: the text, or null.</summary>
    public static async Task<string?> HitAsync(this Hypervisor host, string api)
    {
        try
        {
            return (await host.Before(api)).InsteadOfReply is { } late ? "after: " + late.Message : null;
        }
        catch (Exception e) when (e is VirException or DisconnectException)
        {
            return e.Message;
        }
    }
}
