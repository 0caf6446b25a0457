using Libvirtd.Documents;
using Libvirtd.Protocol;
using Commit = Libvirtd.Protocol.DomainBlockCommitFlags;
using Create = Libvirtd.Protocol.DomainSnapshotCreateFlags;
using Delete = Libvirtd.Protocol.DomainSnapshotDeleteFlags;
using Revert = Libvirtd.Protocol.DomainSnapshotRevertFlags;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>
/// Whatever is done to snapshots and chains in whatever order: no deletion, commit, pull or copy changes what a guest sees, no deletion what a snapshot,
/// another domain or a volume keeps, and no image that one of them needs is removed.
/// </summary>
public sealed class SnapshotContentTests
{
    private const int Steps = 60;
    private const int Blocks = 12;
    private const ulong DiskSize = 1ul << 50;
    private const string Guest = "guest";

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 80)];

    [Theory, MemberData(nameof(Seeds))]
    public void Nobody_ever_sees_another_disk(int seed)
    {
        Run run = new(seed);
        for (int step = 0; step < Steps; step++)
            run.Step(step);
        run.RemoveAll();
    }

    private sealed class Run
    {
        private readonly Random _random;
        private readonly SnapshotLab _lab;
        private readonly TestStorageVolDriver _volumes;
        private readonly StoragePoolRef _pool;
        private readonly ShadowContents _contents = new();
        private readonly Dictionary<string, SortedDictionary<int, int>> _inside = new(StringComparer.Ordinal);
        private readonly List<string> _log = [];
        private readonly int _seed;
        private readonly bool _isShared;

        public Run(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _lab = new SnapshotLab(isRunning: _random.Next(2) == 0);
            _volumes = new TestStorageVolDriver(_lab.Host.Storage);
            _pool = _lab.Host.Storage.Get("default-pool").Ref;
            Images.Put(new ImageFile { Path = "/i/base", Format = "qcow2", Capacity = DiskSize, Allocation = 1 });
            _isShared = _random.Next(4) == 0;
            if (_isShared)
            {
                Images.Put(new ImageFile { Path = "/i/mine", Format = "qcow2", Capacity = DiskSize, Allocation = 1, Backing = "/i/base", BackingFormat = "qcow2" });
                _lab.Define("other", "/i/mine");
                // Both stand on an image that neither writes to.
                _lab.External("own", Create.NoMetadata);
                NameNew();
            }

            for (int block = 0; block < Blocks; block++)
                _contents.Write("/i/base", block);
        }

        private TestImages Images => _lab.Host.Images;

        private string Context => $"seed {_seed}, after\n{string.Join('\n', _log.TakeLast(20))}\n{_lab.Tree}\n{_lab.Chain}";

        public void Step(int step)
        {
            Dictionary<string, ImageFile> before = new(Images.Files);
            Dictionary<string, string> seen = Views();
            Effect effect = Act(step);
            NameNew();
            CheckFiles(before);
            Dictionary<string, string> now = Views();
            foreach ((string who, string what) in seen)
            {
                bool mayChange = effect == Effect.Guest && who.StartsWith(Guest, StringComparison.Ordinal);
                if (!mayChange && now.TryGetValue(who, out string? after))
                    Assert.True(what == after, $"{Context}\n{who} saw\n{what}\nand sees\n{after}");
            }
        }

        public void RemoveAll()
        {
            string seen = Views()[Guest];
            foreach (MomentNode<SnapshotDefinition> root in _lab.View.Snapshots.List(null, DomainSnapshotListFlags.Roots))
                Deleted(root.Name, Delete.Children);
            Assert.Equal("", _lab.Tree);
            Assert.True(seen == Views()[Guest], Context);
        }

        private enum Effect
        {
            /// <summary>Nobody sees anything else than before.</summary>
            Nothing,

            /// <summary>The guest does, and nobody but he.</summary>
            Guest,
        }

        private Effect Act(int step)
        {
            string[] names = [.. _lab.View.Snapshots.All.Select(static node => node.Name).Order()];
            string any = names.Length == 0 ? "" : names[_random.Next(names.Length)];
            string name = $"n{step}";
            switch (_random.Next(names.Length == 0 ? 9 : 16))
            {
                case 0:
                    _inside[name] = new(_contents[Paths(LiveChain)[0]]);
                    _log.Add($"internal {name}");
                    _lab.Internal(name);
                    return Effect.Nothing;
                case 1 or 2:
                    _log.Add($"external {name}");
                    _lab.External(name, _random.Next(6) == 0 && _lab.View.IsActive ? Create.Halt : 0);
                    return Effect.Nothing;
                case 3:
                    _log.Add("start or stop");
                    if (_lab.View.IsActive)
                        _lab.Domains.Destroy(FakeCall.Instance, _lab.Dom);
                    else
                        _lab.Domains.Create(FakeCall.Instance, _lab.Dom);
                    return Effect.Nothing;
                case 4 or 5:
                    return Written();
                case 6:
                    return Volume(name);
                case 7:
                    return Moved(name);
                case 8:
                    return Committed();
                case 9 or 10:
                    return Reverted(any, (Revert)_random.Next(3));
                case 11:
                    return Deleted(any, Delete.Children);
                case 12:
                    return Deleted(any, Delete.ChildrenOnly);
                case 13:
                    return Stopped(any);
                default:
                    return Deleted(any, Delete.None);
            }
        }

        private Effect Written()
        {
            string path = Paths(LiveChain)[0];
            int block = _random.Next(Blocks);
            _log.Add($"write {block} to {path}");
            _contents.Write(path, block);
            Images.Put(Images.Get(path, "qcow2") with { Allocation = Images.Get(path, "qcow2").Allocation + Bytes() });
            return Effect.Guest;
        }

        /// <summary>Somebody makes a volume above any image that is there, and keeps what it is then.</summary>
        private Effect Volume(string name)
        {
            string[] paths = [.. Images.Files.Keys.Where(path => _contents.Knows(path) && !_lab.Host.Images.Files[path].IsForSnapshot).Order()];
            if (_random.Next(2) == 0)
                paths = [.. ImageHolders.Of(Images, _lab.View, null).All.Where(static one => one.Need == ImageNeed.Frozen).Select(static one => one.Chain.Active.Path!)];
            string[] frozen = [.. paths.Where(path => path != Paths(LiveChain)[0])];
            if (frozen.Length == 0)
                return Effect.Nothing;
            string below = frozen[_random.Next(frozen.Length)];
            _log.Add($"volume {name} above {below}");
            _ = _volumes.CreateXml(FakeCall.Instance, _pool, $"<volume><name>{name}</name><capacity>1</capacity><allocation>0</allocation>"
                + $"<target><format type='qcow2'/></target><backingStore><path>{below}</path><format type='qcow2'/></backingStore></volume>", 0).Result;
            return Effect.Nothing;
        }

        /// <summary>A pull, or a copy with a pivot; now and then one that fails.</summary>
        private Effect Moved(string name)
        {
            string[] chain = Paths(LiveChain);
            bool fails = _random.Next(4) == 0;
            if (fails)
                _lab.Host.Faults.Jobs.Add(_lab.Dom.Uuid, "vda", new JobFault(50, "no"));
            if (_random.Next(3) > 0)
            {
                int below = _random.Next(1, chain.Length + 1);
                _log.Add($"pull down to {below} {(fails ? "fails" : "")}");
                _lab.Domains.BlockRebase(FakeCall.Instance, _lab.Dom, "vda", below == chain.Length ? null : chain[below], 0, 0);
                Finish();
                if (!fails)
                    _contents[chain[0]] = _contents.Seen(chain[..below]);
                return Effect.Nothing;
            }

            string copy = $"/i/copy.{name}";
            _log.Add($"copy to {copy} {(fails ? "fails" : "")}");
            _lab.Domains.BlockCopy(FakeCall.Instance, _lab.Dom, "vda", $"<disk type='file'><driver type='qcow2'/><source file='{copy}'/></disk>", [], 0);
            Finish();
            if (fails)
                return Effect.Nothing;
            _contents[copy] = _contents.Seen(chain);
            _lab.Domains.BlockJobAbort(FakeCall.Instance, _lab.Dom, "vda", DomainBlockJobAbortFlags.Pivot);
            return Effect.Nothing;
        }

        private Effect Committed()
        {
            string[] chain = Paths(LiveChain);
            if (chain.Length < 2)
                return Effect.Nothing;
            int top = _random.Next(chain.Length - 1);
            int below = _random.Next(top + 1, chain.Length);
            // Whoever commits to an image that others read gets what he asks for: that is no matter of this test.
            if (IsReadByOthers(chain[below]))
                return Effect.Nothing;
            Commit flags = (_random.Next(2) == 0 ? Commit.Delete : 0) | (top == 0 && _lab.View.IsActive ? Commit.Active : 0);
            _log.Add($"commit {chain[top]} into {chain[below]} {flags}");
            _lab.Domains.BlockCommit(FakeCall.Instance, _lab.Dom, "vda", chain[below], chain[top], 0, flags);
            Finish();
            if (flags.HasFlag(Commit.Active))
                _lab.Domains.BlockJobAbort(FakeCall.Instance, _lab.Dom, "vda", DomainBlockJobAbortFlags.Pivot);
            _contents[chain[below]] = _contents.Seen(chain[top..(below + 1)]);
            return Effect.Nothing;
        }

        private bool IsReadByOthers(string path) => _isShared && path == "/i/base"
            || ImageHolders.Of(Images, _lab.View, null, withDefinitions: false).All.Any(holder => holder.Chain.IndexOfPath(path) >= 0)
            || _lab.Host.Storage.Get(_pool.Name).View.Volumes.Values.Any(volume => Paths(ChainOf(volume.Path)).Contains(path));

        private Effect Reverted(string snapshot, Revert flags)
        {
            _log.Add($"revert to {snapshot} {flags}");
            bool isInside = _lab.View.Snapshots.Find(snapshot)!.Definition.PlaceOf("vda") != SnapshotPlace.External;
            _lab.RevertTo(snapshot, flags);
            if (isInside && _inside.TryGetValue(snapshot, out SortedDictionary<int, int>? inside))
                _contents[Paths(LiveChain)[0]] = inside;
            return Effect.Guest;
        }

        private Effect Deleted(string snapshot, Delete flags)
        {
            _log.Add($"delete {snapshot} {flags}");
            Dictionary<string, ImageFile> before = new(Images.Files);
            List<string[]> chains = Chains();
            _lab.Remove(snapshot, flags);
            _contents.Follow(chains, before, Images.Files, Context);
            return Effect.Nothing;
        }

        /// <summary>A deletion that fails, or is aborted, on its way: nothing has happened.</summary>
        private Effect Stopped(string snapshot)
        {
            (string, string, string) before = (_lab.Tree, _lab.Chain, _lab.Files);
            bool fails = _random.Next(2) == 0;
            if (fails)
                _lab.Host.Faults.Jobs.Add(_lab.Dom.Uuid, "vda", new JobFault(_random.Next(2) == 0 ? 50 : 100, "no"));
            _log.Add($"delete {snapshot}, and stop that by {(fails ? "a fault" : "an abort")}");
            Dictionary<string, ImageFile> files = new(Images.Files);
            List<string[]> chains = Chains();
            Task deletion = _lab.BeginToRemove(snapshot);
            if (!fails && _lab.Host.Domains.Get(_lab.Dom).HasJob)
                _lab.Domains.AbortJobFlags(FakeCall.Instance, _lab.Dom, 0);
            Finish();
            _lab.Host.Faults.Jobs.Clear();
            if (deletion.ContinueWith(static one => one.IsFaulted, TaskScheduler.Default).GetAwaiter().GetResult())
                Assert.True(before == (_lab.Tree, _lab.Chain, _lab.Files), Context);
            else
                _contents.Follow(chains, files, Images.Files, Context);
            return Effect.Nothing;
        }

        /// <summary>Lets all that is under way come to where it stops by itself.</summary>
        private void Finish()
        {
            while (_lab.Clock.UntilNext is { } next)
                _lab.Clock.Advance(next);
        }

        /// <summary>What each sees: the guest as it runs and as it is configured, what snapshots have frozen, other domains, and volumes.</summary>
        private Dictionary<string, string> Views()
        {
            Dictionary<string, string> views = new(StringComparer.Ordinal)
            {
                [Guest] = _contents.Text(Paths(LiveChain)),
                [$"{Guest} at its next start"] = _contents.Text(Paths(Images.FindChain(_lab.View.ConfigDefinition.Document, "vda")!)),
            };
            foreach (MomentNode<SnapshotDefinition> node in _lab.View.Snapshots.All.Where(static one => one.Definition.PlaceOf("vda") == SnapshotPlace.External))
                views[node.Name] = _contents.Text(Paths(Images.FindChain(node.Definition.Document.Domain, "vda")!));
            if (_isShared)
                views["other"] = _contents.Text(Paths(ChainOf("/i/mine")));
            foreach (TestVolume volume in _lab.Host.Storage.Get(_pool.Name).View.Volumes.Values)
                views[volume.Path] = _contents.Text(Paths(ChainOf(volume.Path)));
            return views;
        }

        /// <summary>Whatever was removed, nobody needs, and nobody lies on it; all that somebody needs is there.</summary>
        private void CheckFiles(Dictionary<string, ImageFile> before)
        {
            foreach (string path in before.Keys.Where(path => !Images.Files.ContainsKey(path)))
            {
                Assert.False(Images.IsUsed(path), $"{Context}\n{path} is gone, and needed");
                Assert.False(Images.BackedBy(path).Any(), $"{Context}\n{path} is gone, and another image lies on it");
            }

            foreach (ImageHolder holder in ImageHolders.Of(Images, _lab.View, null).All)
                Assert.All(Paths(holder.Chain), path => Assert.True(Images.Files.ContainsKey(path), $"{Context}\n{path} of {holder.Chain} is not there"));
        }

        /// <summary>Files that are new are empty, and each is of a size of its own: so it is known later where it went.</summary>
        private void NameNew()
        {
            foreach (ImageFile file in Images.Files.Values.ToList())
            {
                if (_contents.Knows(file.Path))
                    continue;
                _ = _contents[file.Path];
                Images.Put(file with { Allocation = Bytes() });
            }
        }

        private ulong Bytes() => (ulong)_random.NextInt64(1, 1L << 32);

        private DiskChain LiveChain => Images.FindChain(_lab.View.Definition.Document, "vda")!;

        private List<string[]> Chains() => [.. ImageHolders.Of(Images, _lab.View, null).All.Select(static one => Paths(one.Chain))];

        private DiskChain ChainOf(string path) => Images.Complete(new DiskChain([ChainImage.OfFile(path, "qcow2")], isTerminated: false));

        private static string[] Paths(DiskChain chain) => [.. chain.Images.Select(static image => image.Path!)];
    }
}
