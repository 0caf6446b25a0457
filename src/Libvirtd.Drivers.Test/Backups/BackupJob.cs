using System.Collections.Immutable;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// A domain's backup: one block job for each disk, which together are the domain's job. Pushed, it ends with the last of them; pulled, when somebody
/// aborts it. It changes under the domain's edit; readers see whole states.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="domain">The domain.</param>
/// <param name="document">What was asked for, complete.</param>
/// <param name="isReused">The files are the caller's.</param>
internal sealed class BackupJob(TestHost host, TestDomain domain, BackupDocument document, bool isReused) : IDisposable
{
    private readonly DomainRef _about = domain.View.Ref;
    private ImmutableSortedDictionary<string, BackupDisk> _disks = ImmutableSortedDictionary<string, BackupDisk>.Empty.WithComparers(StringComparer.Ordinal);
    private DomainJob? _job;
    private string? _error;
    private NbdServer? _server;

    public BackupDocument Document { get; } = document;

    /// <summary>A client reads the backup from a server; otherwise the job writes it.</summary>
    public bool IsPull { get; } = !document.IsPush;

    /// <summary>Bytes to be moved to a file.</summary>
    public ulong LengthOf(ChainImage store) => _disks.Values.Single(disk => disk.Store.IsAt(store)).Length;

    /// <summary>Keeps the disks' bytes as they are now, and offers them where clients are to read.</summary>
    /// <param name="disks">The disks.</param>
    /// <param name="place">Where clients are to read; null where the backup is pushed.</param>
    /// <exception cref="VirException">The server cannot be had (VIR_ERR_INTERNAL_ERROR).</exception>
    public void Prepare(IEnumerable<BackupDisk> disks, NbdAddress? place)
    {
        DomainDocument document = domain.View.Definition.Document;
        foreach (BackupDisk disk in disks)
        {
            ContentView content = host.Images.Contents.Freeze(host.Images.FindChain(document, disk.Target)!,
                (long)Math.Min(host.Images.Get(disk.Source).Capacity, long.MaxValue));
            _disks = _disks.Add(disk.Target, disk with { Content = content });
        }

        try
        {
            if (place is not null)
                _server = new NbdServer(place, [.. _disks.Values.Select(Offer)]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Begins what is prepared: makes the files and starts the disks' jobs.</summary>
    /// <param name="edit">The domain's edit.</param>
    /// <param name="view">The domain as the backup is to find it.</param>
    /// <exception cref="VirException">The domain has another job (VIR_ERR_OPERATION_TIMEOUT).</exception>
    public void Begin(DomainEdit edit, DomainView view)
    {
        _job = domain.Jobs.Begin(DomainJobOperation.Backup);
        _job.Progress = Progress;
        _job.OnAbort = _ => Cancel();
        domain.Backup = this;
        foreach (BackupDisk disk in _disks.Values)
        {
            if (!isReused && disk.Store is { IsLocal: true, Path: { } path })
                host.Images.Create(disk.Store, disk.Store.Format ?? "raw", host.Images.Get(disk.Source).Capacity);
            BackupPlan plan = new(this, disk.Source, disk.Store) { Name = $"backup-{disk.Target}-libvirt-1-format" };
            host.BlockJobs.Start(edit, view, disk.Target, plan, disk.Length, bandwidth: 0);
            view = edit.View;
        }
    }

    /// <summary>A disk's job has ended. One that did not succeed takes the others with it.</summary>
    public void Ended(BlockJob job, ConnectDomainEventBlockJobStatus status)
    {
        if (!_disks.TryGetValue(job.Target, out BackupDisk? disk) || disk.Status is not null)
            return;
        if (status == ConnectDomainEventBlockJobStatus.Failed)
            _error ??= job.Fault?.Message ?? "Input/output error";
        _disks = _disks.SetItem(job.Target, disk with { Status = status, Moved = job.Moved });
        if (_disks.Values.All(static one => one.Status is not null))
            Terminate();
        else if (status != ConnectDomainEventBlockJobStatus.Completed)
            Cancel();
    }

    /// <summary>What a pushed backup's file is to hold.</summary>
    public void Store(TestImages images, ChainImage store)
    {
        if (_disks.Values.Single(disk => disk.Store.IsAt(store)) is { Content: { } content, Changes: null })
            images.Contents.Copy(content, store);
    }

    private NbdExport Offer(BackupDisk disk)
    {
        Node described = Document.Disks.First(one => one["name"] == disk.Target);
        return new BackupExport(described["exportname"]!, $"disk {disk.Target} of domain {_about.Name}", disk.Content!,
            disk.Changes is null ? null : described["exportbitmap"], disk.Changes);
    }

    /// <summary>Nobody reads any more.</summary>
    public void Dispose()
    {
        _server?.Dispose();
        foreach (BackupDisk disk in _disks.Values)
            disk.Content?.Dispose();
    }

    /// <summary>Ends what is under way.</summary>
    public void Cancel()
    {
        using DomainEdit edit = domain.Edit();
        foreach (BackupDisk disk in _disks.Values)
        {
            if (disk.Status is null && edit.View.Blocks.Find(disk.Target) is { Plan: BackupPlan plan } job && plan.Backup == this)
                host.BlockJobs.Cancel(edit, job);
        }
    }

    private void Terminate()
    {
        DomainJobType type = Has(ConnectDomainEventBlockJobStatus.Failed) ? DomainJobType.Failed
            : !IsPull && Has(ConnectDomainEventBlockJobStatus.Canceled) ? DomainJobType.Cancelled
            : DomainJobType.Completed;
        // A scratch file is of no use any more, nor is half a backup.
        if (!isReused && (IsPull || type != DomainJobType.Completed))
        {
            foreach (BackupDisk disk in _disks.Values)
            {
                if (disk.Store is { Type: "file", Path: { } path } && !host.Images.IsUsed(path))
                    host.Images.Remove(path);
            }
        }

        Dispose();
        domain.Backup = null;
        domain.Jobs.End(_job!, _about, type, _error);

        bool Has(ConnectDomainEventBlockJobStatus status) => _disks.Values.Any(disk => disk.Status == status);
    }

    private JobProgress Progress()
    {
        ulong total = 0;
        ulong moved = 0;
        BlockState blocks = domain.View.Blocks;
        foreach (BackupDisk disk in _disks.Values)
        {
            total += disk.Length;
            moved += disk.Status is null && blocks.Find(disk.Target) is { } job ? job.MovedAt(host.Time) : disk.Moved;
        }

        JobProgress progress = new() { Elapsed = host.Time.GetElapsedTime(_job!.Began) };
        return IsPull ? progress with { DiskTemp = (moved, total) } : progress with { DiskTotal = total, DiskProcessed = moved };
    }
}

/// <summary>A disk of a backup.</summary>
/// <param name="Target">Its name in the guest.</param>
/// <param name="Source">Its active image.</param>
/// <param name="Store">Where the bytes go.</param>
/// <param name="Length">Bytes to move.</param>
internal sealed record BackupDisk(string Target, ChainImage Source, ChainImage Store, ulong Length)
{
    /// <summary>What was written since its checkpoint; null where the backup is a full one.</summary>
    public ExtentSet? Changes { get; init; }

    /// <summary>Its bytes as they were when the backup began.</summary>
    public ContentView? Content { get; init; }

    /// <summary>How its job has ended; null while it has not.</summary>
    public ConnectDomainEventBlockJobStatus? Status { get; init; }

    /// <summary>Bytes that were moved when it ended.</summary>
    public ulong Moved { get; init; }
}
