using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>What is done to, or asked of, the guest inside.</summary>
internal sealed partial class TestDomainDriver
{
    private const string RootMount = "/";
    private const string BootMount = "/boot";

    public override ValueTask<string> GetHostname(CallContext call, DomainRef dom, DomainGetHostnameFlags flags)
    {
        FlagCheck.Require((uint)flags, 0, "testDomainGetHostname");
        AgentView(dom);
        return new(dom.Name + "host");
    }

    public override ValueTask<DomainGetTimeRet> GetTime(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetTime");
        DomainView view = View(dom);
        if (view.State != DomainState.Running)
            throw Invalid("domain is not running");
        Host.Agents.Require(view);
        return new(new DomainGetTimeRet { Seconds = view.Guest.Seconds, Nseconds = view.Guest.Nanoseconds });
    }

    public override ValueTask SetTime(CallContext call, DomainRef dom, long seconds, uint nseconds, DomainSetTimeFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainSetTimeFlags.Sync, "testDomainSetTime");
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        RequireAgent(edit.View);
        edit.Publish(edit.View with { Guest = edit.View.Guest with { Seconds = seconds, Nanoseconds = nseconds } });
        return default;
    }

    /// <summary>The guest's clock decides what is told, as upstream has it: so a test can see every state.</summary>
    public override ValueTask<DomainGetControlInfoRet> GetControlInfo(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetControlInfo");
        long seconds = ActiveView(dom).Guest.Seconds;
        (DomainControlState state, uint details, long time) = seconds switch
        {
            > 0 and < 10000 => (DomainControlState.Job, 0u, seconds),
            >= 10000 and < 30000 => (DomainControlState.Occupied, 0u, seconds - 10000),
            >= 30000 and < 60000 => (DomainControlState.Error, (uint)(seconds % 4), seconds - 30000),
            _ => (DomainControlState.Ok, 0u, 0L),
        };
        return new(new DomainGetControlInfoRet { State = (uint)state, Details = details, StateTime = (ulong)time });
    }

    public override ValueTask<int> Fsfreeze(CallContext call, DomainRef dom, string[] mountpoints, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainFSFreeze");
        return new(SetFrozen(dom, mountpoints, frozen: true));
    }

    public override ValueTask<int> Fsthaw(CallContext call, DomainRef dom, string[] mountpoints, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainFSThaw");
        return new(SetFrozen(dom, mountpoints, frozen: false));
    }

    public override ValueTask Fstrim(CallContext call, DomainRef dom, string? mountPoint, ulong minimum, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainFSTrim");
        AgentView(dom);
        if (mountPoint is not (null or RootMount or BootMount))
            throw NoMountPoint(mountPoint);
        return default;
    }

    /// <summary>The first disk holds two file systems.</summary>
    public override ValueTask<DomainGetFsinfoRet> GetFsinfo(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainGetFSInfo");
        foreach (Documents.DomainDisk disk in AgentView(dom).Definition.Document.Disks)
        {
            if (disk.Device != "disk")
                continue;
            string name = disk.Target;
            return new(new DomainGetFsinfoRet
            {
                Info =
                [
                    new DomainFsinfo { Mountpoint = RootMount, Name = name + "1", Fstype = "ext4", DevAliases = [name] },
                    new DomainFsinfo { Mountpoint = BootMount, Name = name + "2", Fstype = "ext4", DevAliases = [name] },
                ],
                Ret = 2,
            });
        }

        return new(new DomainGetFsinfoRet { Info = [], Ret = 0 });
    }

    public override ValueTask SetUserPassword(CallContext call, DomainRef dom, string? user, string? password, DomainSetUserPasswordFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainSetUserPasswordFlags.Encrypted, "testDomainSetUserPassword");
        AgentView(dom);
        return default;
    }

    public override ValueTask InjectNmi(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainInjectNMI");
        ActiveView(dom);
        return default;
    }

    /// <summary>As upstream has it, any domain has a picture, one that is shut off as well.</summary>
    public override ValueTask<(string? Result, StreamEndpoint Stream)> Screenshot(CallContext call, DomainRef dom, uint screen, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainScreenshot");
        return new((ScreenImage.MimeType, new BytesDownload(ScreenImage.File)));
    }

    public override ValueTask SendKey(CallContext call, DomainRef dom, KeycodeSet codeset, uint holdtime, uint[] keycodes, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSendKey");
        ActiveView(dom);
        KeyCodes.Require(codeset, keycodes);
        return default;
    }

    public override ValueTask SendProcessSignal(CallContext call, DomainRef dom, long pidValue, DomainProcessSignal signum, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainSendProcessSignal");
        if (pidValue != 1)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "only sending a signal to pid 1 is supported");
        if ((uint)signum > (uint)DomainProcessSignal.Rt32)
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, $"signum value {(int)signum} is out of range");
        View(dom);
        return default;
    }

    /// <summary>Freezes or thaws the named file systems, or all; the count of those that were not so before.</summary>
    private int SetFrozen(in DomainRef dom, string[] mountpoints, bool frozen)
    {
        using DomainEdit edit = domains.Edit(dom, DomainChanges.Agent);
        RequireAgent(edit.View);
        GuestView before = edit.View.Guest;
        GuestView after = before;
        foreach (string mountpoint in mountpoints is [] ? [RootMount, BootMount] : mountpoints)
        {
            after = mountpoint switch
            {
                RootMount => after with { RootFrozen = frozen },
                BootMount => after with { BootFrozen = frozen },
                _ => throw NoMountPoint(mountpoint),
            };
        }

        edit.Publish(edit.View with { Guest = after });
        return (before.RootFrozen != after.RootFrozen ? 1 : 0) + (before.BootFrozen != after.BootFrozen ? 1 : 0);
    }

    private static VirException NoMountPoint(string mountpoint) => Invalid($"mount point not found: {mountpoint}");
}
