using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What is asked of the agent inside a guest, beyond what upstream's test driver answers. As there, every guest that runs has an agent, with or
/// without a channel for it.
/// </summary>
internal sealed partial class TestDomainDriver
{
    private const int LeastAgentTimeout = -2;

    public override ValueTask<TypedParam[]> GetGuestInfo(CallContext call, DomainRef dom, DomainGuestInfoTypes types, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetGuestInfo");
        DomainView view = AgentView(dom);
        if ((types & ~GuestInfo.Supported) != 0)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                $"unsupported guest information types '0x{(uint)(types & ~GuestInfo.Supported):x}'");
        }

        return new(GuestInfo.Of(view, InterfacesOf(view.Definition), types));
    }

    public override ValueTask<TypedParam[]> GetGuestVcpus(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetGuestVcpus");
        DomainView view = AgentView(dom);
        int[] all = [.. Enumerable.Range(0, (int)Math.Min(view.Definition.Vcpus, TestHost.MostVcpus))];
        return new(
        [
            new TypedParam("vcpus", VcpuText(all)),
            new TypedParam("online", VcpuText(all.Where(vcpu => !view.Run.IdleVcpus.Contains(vcpu)))),
            new TypedParam("offlinable", VcpuText(all.Where(static vcpu => vcpu != 0))),
        ]);
    }

    public override ValueTask SetGuestVcpus(CallContext call, DomainRef dom, string cpumap, int state, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSetGuestVcpus");
        RequireVcpuState(state, "testDomainSetGuestVcpus");
        NumberSet wanted = ParseVcpus(cpumap);
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        RequireAgent(edit.View);
        int count = (int)Math.Min(edit.View.Definition.Vcpus, TestHost.MostVcpus);
        if (state == 0 && wanted.Contains(0))
            throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "vCPU '0' is not offlinable");
        int[] missing = [.. Enumerable.Range(count, Math.Max(wanted.Last + 1 - count, 0)).Where(wanted.Contains)];
        if (missing.Length > 0)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"guest is missing vCPUs '{VcpuText(missing)}'");
        IEnumerable<int> named = Enumerable.Range(0, count).Where(wanted.Contains);
        RunView run = edit.View.Run;
        edit.Publish(edit.View with { Run = run with { IdleVcpus = state == 0 ? run.IdleVcpus.Union(named) : run.IdleVcpus.Except(named) } });
        return default;
    }

    public override ValueTask<int> AgentSetResponseTimeout(CallContext call, DomainRef dom, int timeout, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainAgentSetResponseTimeout");
        if (timeout < LeastAgentTimeout)
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                $"guest agent timeout '{timeout}' is less than the minimum '{LeastAgentTimeout}'");
        }

        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        edit.Publish(edit.View with { Run = edit.View.Run with { AgentTimeout = timeout } });
        return new(0);
    }

    public override ValueTask<string[]> AuthorizedSshKeysGet(CallContext call, DomainRef dom, string user, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainAuthorizedSSHKeysGet");
        return new([.. AgentView(dom).Kept.SshKeys.GetValueOrDefault(user, [])]);
    }

    public override ValueTask AuthorizedSshKeysSet(CallContext call, DomainRef dom, string user, string[] keys, DomainAuthorizedSshKeysSetFlags flags)
    {
        const DomainAuthorizedSshKeysSetFlags Append = DomainAuthorizedSshKeysSetFlags.Append;
        const DomainAuthorizedSshKeysSetFlags Remove = DomainAuthorizedSshKeysSetFlags.Remove;
        FlagCheck.Require((uint)flags, (uint)(Append | Remove), "testDomainAuthorizedSSHKeysSet");
        if ((flags & (Append | Remove)) != 0 && keys.Length == 0)
            throw VirException.BadArgument(ErrorDomain.Domain, "keys in virDomainAuthorizedSSHKeysSet must not be NULL", "virDomainAuthorizedSSHKeysSet", "keys");
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        RequireAgent(edit.View);
        KeptView kept = edit.View.Kept;
        ImmutableArray<string> before = kept.SshKeys.GetValueOrDefault(user, []);
        ImmutableArray<string> after = flags.HasFlag(Remove) ? [.. before.Where(key => !keys.Contains(key))]
            : flags.HasFlag(Append) ? [.. before, .. keys.Where(key => !before.Contains(key)).Distinct()]
            : [.. keys];
        if (after.Length > MostSshKeys)
            throw VirException.Of(ErrorCode.OperationFailed, ErrorDomain.Test, $"more than {MostSshKeys} keys for user '{user}'");
        edit.Publish(edit.View with { Kept = kept with { SshKeys = kept.SshKeys.SetItem(user, after) } });
        return default;
    }

    /// <summary>More keys no reply can hold.</summary>
    private const int MostSshKeys = 2048;

    private static string VcpuText(IEnumerable<int> vcpus)
    {
        byte[] map = new byte[NumberSet.Limit / 8];
        foreach (int vcpu in vcpus)
            map[vcpu / 8] |= (byte)(1 << (vcpu % 8));
        return CpuMaps.Text(map);
    }

    private static void RequireVcpuState(int state, string function)
    {
        if (state is not (0 or 1))
            throw VirException.BadArgument(ErrorDomain.Test, $"state in {function} unsupported state value", function, "state");
    }

    private static NumberSet ParseVcpus(string text) => NumberSet.TryParse(text, out NumberSet? set)
        ? set
        : throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.None, $"Failed to parse bitmap '{text}'");
}
