using Libvirtd.Protocol;
using Flags = Libvirtd.Protocol.DomainMemoryModFlags;

namespace Libvirtd.Drivers.Test;

/// <summary>A domain's memory: what it has, what its balloon leaves it, and what the guest says of it.</summary>
internal sealed partial class TestDomainDriver
{
    public override ValueTask<ulong> GetMaxMemory(CallContext call, DomainRef dom) => new(View(dom).Definition.MaxMemory);

    public override ValueTask SetMaxMemory(CallContext call, DomainRef dom, nuint memory) => SetMemoryFlags(call, dom, memory, Flags.Maximum);

    public override ValueTask SetMemory(CallContext call, DomainRef dom, nuint memory) => SetMemoryFlags(call, dom, memory, Flags.Live);

    public override ValueTask SetMemoryFlags(CallContext call, DomainRef dom, nuint memory, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Live | Flags.Config | Flags.Maximum), "testDomainSetMemoryFlags");
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        bool isLive = view.IsLiveAlone((uint)flags);
        DomainDefinition definition = isLive ? view.Definition : view.ConfigDefinition;
        if (!flags.HasFlag(Flags.Maximum))
        {
            if (memory > definition.MaxMemory)
                throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test, "cannot set memory higher than max memory");
            edit.Publish(view.ChangeOne((uint)flags, document => document.WithCurrentMemory(memory)));
            return default;
        }

        if (isLive)
            throw Invalid("cannot resize the maximum memory on an active domain");
        if (definition.Document.Root.Find("cpu", "numa", "cell") is not null)
            throw Invalid("initial memory size of a domain with NUMA nodes cannot be modified with this API");
        if (ulong.TryParse(definition.Document.Root.ChildText("maxMemory"), out ulong most) && most < memory)
            throw Invalid("cannot set initial memory size greater than the maximum memory size");
        edit.Publish(view.ChangeOne((uint)flags, document =>
            (document.CurrentMemoryKiB > memory ? document.WithCurrentMemory(memory) : document).WithMaxMemory(memory)));
        return default;
    }

    public override ValueTask SetMemoryStatsPeriod(CallContext call, DomainRef dom, int period, Flags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(Flags.Live | Flags.Config), "testDomainSetMemoryStatsPeriod");
        using DomainEdit edit = domains.Edit(dom);
        if (!edit.View.One((uint)flags).HasMemballoon)
            throw VirException.Internal(ErrorDomain.Test, "No memory balloon device configured, can not set the collection period");
        edit.Publish(edit.View.ChangeOne((uint)flags, document => document.With(root =>
        {
            Documents.Node balloon = root.Find("devices", "memballoon")!;
            balloon.RemoveAll("stats");
            if (period > 0)
                balloon.Add("stats")["period"] = Number(period);
        })));
        return default;
    }

    public override ValueTask<DomainMemoryStat[]> MemoryStats(CallContext call, DomainRef dom, uint maxStats, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainMemoryStats");
        DomainDefinition definition = ActiveView(dom).Definition;
        if (!definition.HasMemballoon)
            return new([]);
        ulong memory = definition.Memory;
        (DomainMemoryStatTags Tag, ulong Value)[] stats =
        [
            (DomainMemoryStatTags.ActualBalloon, memory),
            (DomainMemoryStatTags.SwapIn, 0),
            (DomainMemoryStatTags.SwapOut, 0),
            (DomainMemoryStatTags.MajorFault, 0),
            (DomainMemoryStatTags.MinorFault, 0),
            (DomainMemoryStatTags.Unused, memory / 2),
            (DomainMemoryStatTags.Available, memory),
            (DomainMemoryStatTags.Usable, memory / 2),
            (DomainMemoryStatTags.LastUpdate, MemoryFigures.LastUpdate),
            (DomainMemoryStatTags.DiskCaches, memory / 8),
            (DomainMemoryStatTags.HugetlbPgalloc, 0),
            (DomainMemoryStatTags.HugetlbPgfail, 0),
            (DomainMemoryStatTags.Rss, memory / 2),
        ];
        DomainMemoryStat[] reply = new DomainMemoryStat[Math.Min((int)Math.Min(maxStats, int.MaxValue), stats.Length)];
        for (int i = 0; i < reply.Length; i++)
            reply[i] = new DomainMemoryStat { Tag = (int)stats[i].Tag, Val = stats[i].Value };
        return new(reply);
    }

    public override ValueTask<byte[]> MemoryPeek(CallContext call, DomainRef dom, ulong offset, uint size, DomainMemoryFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)(DomainMemoryFlags.Virtual | DomainMemoryFlags.Physical), "testDomainMemoryPeek");
        if (flags is not (DomainMemoryFlags.Virtual or DomainMemoryFlags.Physical))
        {
            throw VirException.Of(ErrorCode.InvalidArg, ErrorDomain.Test,
                "flags parameter must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL");
        }

        ActiveView(dom);
        // Upstream's pattern: each byte is the low byte of its address.
        byte[] bytes = new byte[size];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = unchecked((byte)(offset + (ulong)i));
        return new(bytes);
    }

    private static string Number(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
