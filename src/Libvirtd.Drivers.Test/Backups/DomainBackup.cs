using System.Globalization;
using System.Text;
using Libvirtd.Documents;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>Backups. Upstream's test driver has none: rules and texts are those of its QEMU driver.</summary>
internal sealed partial class TestDomainDriver
{
    private const string Qcow2 = "qcow2";

    /// <summary>Bytes, as QEMU has it.</summary>
    private const int LongestBitmapName = 1023;

    private TestImages Images => Host.Images;

    public override ValueTask BackupBegin(CallContext call, DomainRef dom, string backupXml, string? checkpointXml, DomainBackupBeginFlags flags)
    {
        FlagCheck.Require((uint)flags, (uint)DomainBackupBeginFlags.External, "testDomainBackupBegin");
        BackupDocument document = BackupDocument.Parse(backupXml);
        DomainCheckpointDocument? checkpoint = checkpointXml is null ? null : domains.ParseCheckpoint(checkpointXml, isRedefined: false);
        string suffix = checkpoint?.Name ?? Host.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        bool isReused = flags.HasFlag(DomainBackupBeginFlags.External);
        NbdAddress? place = document.Root.Child("server") is { } server ? new NbdAddress(server) : null;
        if (place is { NeedsLookup: true })
            return BeginElsewhereAsync();
        Begin(dom, document, checkpoint, suffix, isReused, place);
        return default;

        async ValueTask BeginElsewhereAsync()
        {
            await place.LookUpAsync(call.Cancellation).ConfigureAwait(false);
            Begin(dom, document, checkpoint, suffix, isReused, place);
        }
    }

    private void Begin(in DomainRef dom, BackupDocument document, DomainCheckpointDocument? checkpoint, string suffix, bool isReused, NbdAddress? place)
    {
        using DomainEdit edit = domains.Edit(dom);
        DomainView view = edit.View;
        if (!view.IsActive)
            throw Unsupported("cannot perform disk backup for inactive domain");
        document = Complete(document.WithAlignedDisks(view.Definition.Document, suffix, FileOf));
        if (edit.Domain.Backup is not null)
            throw Invalid("another backup job is already running");
        edit.Domain.Jobs.RequireNone();
        List<BackupDisk> disks = [.. document.Disks.Where(static disk => disk["backup"] == "yes").Select(disk => Prepare(view, disk, document, isReused))];
        if (disks.Count == 0)
            throw UnsupportedConfig("no disks selected for backup");
        if (checkpoint is not null && view.Snapshots.Count > 0)
            throw Unsupported("cannot create checkpoint while snapshot exists");
        BackupJob job = new(Host, edit.Domain, document, isReused);
        job.Prepare(disks, place);
        try
        {
            if (checkpoint is not null)
                view = TestCheckpointDriver.Add(Host.Images, view, checkpoint);
            job.Begin(edit, view);
        }
        catch
        {
            job.Dispose();
            throw;
        }
    }

    public override ValueTask<string> BackupGetXmlDesc(CallContext call, DomainRef dom, uint flags)
    {
        FlagCheck.Require(flags, 0, "testDomainBackupGetXMLDesc");
        return new(domains.Get(dom).Backup?.Document.Format()
            ?? throw VirException.Of(ErrorCode.NoDomainBackup, ErrorDomain.Test, "no domain backup job present"));
    }

    /// <summary>Formats, the server and its exports, where nothing is said of them.</summary>
    private static BackupDocument Complete(BackupDocument document)
    {
        if (!document.IsPush && (document.Root.Child("server") is not { } given || (given["transport"] == "tcp" && given["port"] is null)))
            throw Unsupported("<domainbackup> must specify TCP port for now");
        if (document.Root.Child("server")?["tls"] == "yes")
            throw Invalid("backup TLS directory not configured");
        HashSet<string> exports = new(StringComparer.Ordinal);
        return document.With(root =>
        {
            foreach (Node disk in root.Child("disks")!.All("disk"))
            {
                if (disk["backup"] != "yes")
                    continue;
                if (disk.Child("driver") is null)
                    disk.GetOrAdd("driver")["type"] = Qcow2;
                else if (!document.IsPush && disk.Child("driver")!["type"] != Qcow2)
                    throw UnsupportedConfig($"pull mode backup for disk '{disk["name"]}' requires qcow2 driver");
                if (document.IsPush)
                    continue;
                string export = disk["exportname"] ??= disk["name"]!;
                if (Encoding.UTF8.GetByteCount(export) > NbdConstants.LongestText)
                    throw ExportFails($"export name '{export}' too long");
                if (!exports.Add(export))
                    throw ExportFails($"NBD server already has export named '{export}'");
                if (disk["incremental"] is not null && Encoding.UTF8.GetByteCount(disk["exportbitmap"] ??= $"backup-{disk["name"]}") > LongestBitmapName)
                    throw VirException.Internal(ErrorDomain.Test, "unable to execute QEMU command 'transaction': Bitmap name too long");
            }
        });
    }

    private static VirException ExportFails(string reason) =>
        VirException.Internal(ErrorDomain.Test, $"unable to execute QEMU command 'block-export-add': {reason}");

    /// <summary>The path of the file that a disk is, be it named or a pool's volume; null for one that is none.</summary>
    private string? FileOf(DomainDisk disk) => Images.ChainOf(disk.Node).Active is { Type: "file", Path: { } path } ? path : null;

    /// <summary>What a disk's part of the backup is, if it can be.</summary>
    private BackupDisk Prepare(DomainView view, Node disk, BackupDocument document, bool isReused)
    {
        string target = disk["name"]!;
        RequireJobsSupported(DiskByName(view, target));
        view.Blocks.RequireIdle(target);
        ChainImage source = Images.ChainOf(view.Definition.Document.DiskByTarget(target)!).Active;
        ulong length = Images.Get(source).Capacity;
        ExtentSet? written = null;
        if (disk["incremental"] is { } since)
        {
            CheckpointDefinition checkpoint = view.Checkpoints.Find(since)?.Definition ?? throw VirException.Of(ErrorCode.NoDomainCheckpoint, ErrorDomain.Test,
                $"Checkpoint '{since}' for incremental backup of disk '{target}' not found");
            string bitmap = checkpoint.Bitmaps.FirstOrDefault(one => one.Disk == target).Bitmap ?? since;
            ImageBitmap changes = CheckpointBitmaps.Find(Images, view.Definition.Document, target, bitmap) ?? throw CheckpointBitmaps.Inconsistent(since, target);
            // A pulled backup offers the whole disk, and the bitmap beside it.
            length = document.IsPush ? changes.Dirty : length;
            written = changes.Written;
        }

        Node place = disk.Child(document.IsPush ? "target" : "scratch")!;
        ChainImage store = ChainImage.OfPath(disk["type"] ?? "file", (place["file"] ?? place["dev"])!, disk.Child("driver")!["type"]);
        if (!isReused && store.Type == "file" && Images.Exists(store.Path!))
            throw BadArgument($"store '{store.Path}' for backup of '{target}' exists");
        if (isReused && !Images.Exists(store.Path!))
        {
            throw VirException.Internal(ErrorDomain.Test,
                $"unable to execute QEMU command 'blockdev-add': Could not open '{store.Path}': No such file or directory");
        }

        return new BackupDisk(target, source, store, length) { Changes = written };
    }
}
