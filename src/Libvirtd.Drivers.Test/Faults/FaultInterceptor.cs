using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Lets the host's rules hit the calls of its connections.</summary>
internal sealed class FaultInterceptor(HostFaults faults, TimeProvider time) : CallInterceptor
{
    public override ValueTask<CallVerdict> BeforeAsync(CallContext call, ProcedureInfo procedure) =>
        IsExempt(procedure) || faults.Take(procedure.Api, isStream: false) is not { } rule ? default : HitAsync(rule, call.Cancellation);

    public override StreamEndpoint OnStream(CallContext call, ProcedureInfo procedure, StreamEndpoint endpoint) =>
        faults.Take(procedure.Api, isStream: true) is { } rule ? new FaultyStream(endpoint, rule, time) : endpoint;

    /// <summary>The commands must get through that end a fault, and a client must be able to leave.</summary>
    private static bool IsExempt(ProcedureInfo procedure) =>
        procedure.Kind == ObjectKind.Qemu || procedure.Api is "virConnectOpen" or "virConnectClose";

    private async ValueTask<CallVerdict> HitAsync(FaultRule rule, CancellationToken cancel)
    {
        Exception? fault = await rule.WaitAsync(time, cancel).ConfigureAwait(false);
        return fault is null || rule.IsAfter ? new CallVerdict(fault) : throw fault;
    }
}
