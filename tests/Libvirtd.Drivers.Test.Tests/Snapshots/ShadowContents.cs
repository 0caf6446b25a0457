using System.Globalization;

namespace Libvirtd.Drivers.Test.Tests;

/// <summary>
/// What images would hold if they had bytes: for each file, which blocks were written in it, and by which write. The driver moves figures only, so
/// where bytes went is told by them: a file that has taken others has grown by exactly what these took.
/// </summary>
internal sealed class ShadowContents
{
    private const int MostCandidates = 16;
    private readonly Dictionary<string, SortedDictionary<int, int>> _files = new(StringComparer.Ordinal);
    private int _lastWrite;

    public bool Knows(string path) => _files.ContainsKey(path);

    public SortedDictionary<int, int> this[string path]
    {
        get => _files.TryGetValue(path, out SortedDictionary<int, int>? blocks) ? blocks : _files[path] = [];
        set => _files[path] = new(value);
    }

    public void Write(string path, int block) => this[path][block] = ++_lastWrite;

    /// <summary>What a guest sees in a chain: of each block, what the uppermost image that has it holds.</summary>
    /// <param name="chain">The paths, the active image first.</param>
    public SortedDictionary<int, int> Seen(IEnumerable<string> chain)
    {
        SortedDictionary<int, int> seen = [];
        foreach (string path in chain)
        {
            foreach ((int block, int write) in this[path])
                seen.TryAdd(block, write);
        }

        return seen;
    }

    public string Text(IEnumerable<string> chain) =>
        string.Join(' ', Seen(chain).Select(static one => string.Create(CultureInfo.InvariantCulture, $"{one.Key}:{one.Value}")));

    /// <summary>Moves contents as files have vanished and others have grown.</summary>
    /// <param name="chains">All chains before it, the active image first.</param>
    /// <param name="before">The files before it.</param>
    /// <param name="after">The files after it.</param>
    /// <param name="context">What a failure tells.</param>
    public void Follow(IReadOnlyCollection<string[]> chains, IReadOnlyDictionary<string, ImageFile> before, IReadOnlyDictionary<string, ImageFile> after, string context)
    {
        foreach ((string path, ImageFile file) in after)
        {
            if (!before.TryGetValue(path, out ImageFile? old) || old.Allocation == file.Allocation)
                continue;
            ImageFile[] candidates = [.. Above(path, chains, before, after)];
            Assert.True(candidates.Length < MostCandidates, context);
            ImageFile[]? taken = Subset(candidates, file.Allocation - old.Allocation);
            Assert.True(taken is not null, $"{context}\n{path} has grown by {file.Allocation - old.Allocation}, which no vanished images explain");
            // The lower one first: what lies above it was written later.
            foreach (ImageFile one in taken)
            {
                foreach ((int block, int write) in this[one.Path])
                    this[path][block] = write;
            }
        }
    }

    /// <summary>The vanished files that lay above one in some chain, the lower ones first. Documents may go on with a chain that their files do not know any more.</summary>
    private static IEnumerable<ImageFile> Above(string path, IEnumerable<string[]> chains, IReadOnlyDictionary<string, ImageFile> before,
        IReadOnlyDictionary<string, ImageFile> after)
    {
        Dictionary<string, int> heights = new(StringComparer.Ordinal);
        foreach (string[] chain in chains)
        {
            for (int place = Array.IndexOf(chain, path) - 1, height = 1; place >= 0; place--, height++)
            {
                if (!after.ContainsKey(chain[place]))
                    heights[chain[place]] = Math.Max(height, heights.GetValueOrDefault(chain[place]));
            }
        }

        return heights.OrderBy(static one => one.Value).Select(one => before[one.Key]);
    }

    private static ImageFile[]? Subset(ImageFile[] candidates, ulong sum)
    {
        for (int bits = 1; bits < 1 << candidates.Length; bits++)
        {
            ImageFile[] some = [.. candidates.Where((_, i) => (bits & (1 << i)) != 0)];
            ulong total = 0;
            foreach (ImageFile one in some)
                total += one.Allocation;
            if (total == sum)
                return some;
        }

        return null;
    }
}
