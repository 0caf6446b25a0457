using System.Text.Json.Nodes;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// <c>virsh qemu-monitor-command</c> and <c>qemu-agent-command</c>: how a tester tells the hypervisor what is to happen. docs/testing.md lists the
/// commands. Attaching to a process stays unsupported: a guest in memory has none.
/// </summary>
internal sealed class TestQemuDriver(TestDomains domains) : QemuDriver
{
    private readonly MonitorCommands _commands = new(domains.Host);
    private readonly AgentCommands _agent = new(domains.Host);

    public override async ValueTask<string> MonitorCommand(CallContext call, DomainRef dom, string cmd, DomainQemuMonitorCommandFlags flags)
    {
        const DomainQemuMonitorCommandFlags Known = DomainQemuMonitorCommandFlags.Hmp;
        FlagCheck.Require((uint)flags, (uint)Known, "testDomainQemuMonitorCommand");
        TestDomain domain = domains.Get(dom);
        bool isWords = flags.HasFlag(DomainQemuMonitorCommandFlags.Hmp);
        MonitorRequest? request = null;
        try
        {
            request = isWords ? MonitorRequest.ParseWords(cmd) : MonitorRequest.ParseJson(cmd);
            JsonNode result = await _commands.RunAsync(new MonitorCall(domain, call.Cancellation), request).ConfigureAwait(false);
            return isWords ? MonitorRequest.Format(result) : request.Answer("return", result);
        }
        catch (MonitorException e)
        {
            // Who speaks QMP looks for errors in the answer; who types words, and a shell's script, wants the command to fail.
            if (isWords)
                throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, e.Message);
            return (request ?? new MonitorRequest("", new CommandArguments(), null))
                .Answer("error", new JsonObject { ["class"] = e is UnknownCommandException ? "CommandNotFound" : "GenericError", ["desc"] = e.Message });
        }
    }

    public override ValueTask<string> MonitorCommandWithFiles(CallContext call, DomainRef dom, string cmd, DomainQemuMonitorCommandFlags flags) =>
        MonitorCommand(call, dom, cmd, flags);

    public override ValueTask<string?> AgentCommand(CallContext call, DomainRef dom, string cmd, int timeout, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainQemuAgentCommand");
        DomainView view = domains.Get(dom).View;
        if (!view.IsActive)
            throw VirException.Of(ErrorCode.OperationInvalid, ErrorDomain.Test, "domain is not running");
        domains.Host.Agents.Require(view);
        return new(_agent.Run(view, cmd));
    }
}
